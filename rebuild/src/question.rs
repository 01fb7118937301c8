//! Questions about what a rebuild would keep: answered by its own decision, carried out on nothing.

use crate::event::{Event, Reporter};
use crate::pipeline::{RebuildError, Run};
use crate::request::{Request, Services};
use slim::explain::{Case, Target, why, why_not};
use slim::packages::dpkg::dependencies::dependencies;
use slim::picture::Picture;
use slim::reach::Wishes;
use slim::report::Explanation;

/// Explains why a package or a path stays or goes. `request` carries source, keeps, roots and profile; with `not`, the answer also
/// holds what would have kept it, for which every file of the image is read.
///
/// # Errors
/// See [`RebuildError`].
pub fn explain(
    request: &Request,
    target: &str,
    not: bool,
    services: &Services,
    reporter: &dyn Reporter,
) -> Result<Explanation, RebuildError> {
    let run = Run::new(request, services, reporter)?;
    let subject = run.subject(&*run.source(&request.source)?, request.platform.as_ref(), &request.roots)?;
    let (tree, inventory) = (&subject.tree, &subject.inventory);
    let missing = || RebuildError::NoTarget { image: subject.opened.image.name.clone(), target: target.into() };
    let asked = Target::find(target, tree, inventory).ok_or_else(missing)?;
    let (plan, reach) = run.maker(&subject, request).plan(tree, inventory)?.unwrap_or_default();
    let case = Case { tree, inventory, reach: &reach, plan: &plan };
    let mut explanation = why(case, &asked, target);
    if not && !explanation.kept {
        reporter.event(Event::Phase("looking for what names it".into()));
        let wishes = Wishes { packages: (0..inventory.packages().len()).collect(), ..Wishes::default() };
        let everything = slim::reach::reach(tree, &run.spool, inventory, &subject.launch, &run.recipes, &wishes)
            .map_err(crate::change::ChangeError::from)?;
        let declared = subject.database.as_ref().map(|database| dependencies(&database.status)).unwrap_or_default();
        why_not(case, &asked, &everything, &run.recipes, &declared, &mut explanation)
            .map_err(crate::change::ChangeError::from)?;
    }
    Ok(explanation)
}

/// The picture of what a rebuild would keep and remove. `request` is as for [`explain`].
///
/// # Errors
/// See [`RebuildError`].
pub fn picture(request: &Request, services: &Services, reporter: &dyn Reporter) -> Result<Picture, RebuildError> {
    let run = Run::new(request, services, reporter)?;
    let subject = run.subject(&*run.source(&request.source)?, request.platform.as_ref(), &request.roots)?;
    let (tree, inventory) = (&subject.tree, &subject.inventory);
    let (plan, reach) = run.maker(&subject, request).plan(tree, inventory)?.unwrap_or_default();
    Ok(Picture::new(&subject.opened.image.name, Case { tree, inventory, reach: &reach, plan: &plan }))
}

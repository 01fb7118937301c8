//! `slim report-schema`.

use crate::args::{Document, SchemaArgs};
use crate::failure::{Code, Failure};
use crate::render;
use recipes::Catalogue;
use schemars::schema_for;
use slim::diff::Difference;
use slim::report::{Explanation, Inspection, Report};

pub(super) fn run(args: &SchemaArgs) -> Result<Code, Failure> {
    let schema = match args.document {
        Document::Report => schema_for!(Report),
        Document::Inspection => schema_for!(Inspection),
        Document::Explanation => schema_for!(Explanation),
        Document::Catalogue => schema_for!(Catalogue),
        Document::Removed => schema_for!(slim::removed::Removed),
        Document::Difference => schema_for!(Difference),
    };
    render::print(&render::json(&schema))?;
    Ok(Code::Done)
}

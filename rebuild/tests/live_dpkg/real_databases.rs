//! Databases of real images: what is read and written again is what it was.

use super::tree;
use rebuild::spool::Spool;
use slim::path::ImagePath;
use slim::tree::Contents as _;
use std::process::Command;

#[test]
#[ignore = "live: needs root and SLIM_MINBASE, tars of root file systems separated by ':'"]
fn real_databases_survive_reading_and_writing() {
    use slim::packages::dpkg::{database::Database, info};
    let Ok(tars) = std::env::var("SLIM_MINBASE") else { return println!("skipped: SLIM_MINBASE is not set") };
    for tar in tars.split(':') {
        let root = tempfile::tempdir().unwrap();
        let mut unpack = Command::new("tar");
        unpack.arg("-xf").arg(tar).arg("-C").arg(root.path()).args(["--exclude=./dev/*", "--exclude=dev/*"]);
        assert!(unpack.status().unwrap().success());
        let (tree, spool) = (tree::read(root.path()), Spool::new(&std::env::temp_dir()));
        let database = Database::read(&tree, &spool).unwrap().unwrap();
        assert_eq!(database.problems, []);
        let read =
            |path: &ImagePath| spool.read(&tree.get(path).unwrap().as_file().unwrap().content).unwrap().into_owned();
        assert!(database.status.write() == read(&database.at("status")), "{tar}: status");
        for (name, list) in &database.lists {
            assert!(info::write_list(list) == read(&database.at(&format!("info/{name}.list"))), "{tar}: {name}");
        }
        assert_eq!(database.diversions.write(), read(&database.at("diversions")));
        // Composing each stanza again from its own fields must give the same bytes.
        for stanza in database.status.stanzas() {
            let own = ["Status", "Conffiles", "Config-Version"];
            let mut control = Vec::new();
            for (field, value) in slim::packages::dpkg::fields::fields(stanza.raw()) {
                if !own.iter().any(|own| own.as_bytes() == field) {
                    control.extend_from_slice(&[field, b": ", value, b"\n"].concat());
                }
            }
            let again =
                slim::packages::dpkg::status::Stanza::compose(&control, &stanza.want, &stanza.conffiles, None).unwrap();
            assert_eq!(String::from_utf8_lossy(again.raw()), String::from_utf8_lossy(stanza.raw()), "{tar}");
        }
        let inventory = database.inventory(&tree);
        println!("{tar}: {} packages, {} owned paths", inventory.packages().len(), inventory.owned().count());
    }
}

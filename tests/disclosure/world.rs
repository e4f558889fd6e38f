//! A store with hidden resources, and the readers who may know of each.
//!
//! Every hidden resource has a name that begins with `zq` and occurs nowhere else, so that a search of the output
//! finds every trace of it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{run_here, temp_folder};

/// The readers. The operator sees everything and is not among them.
pub(super) const READERS: [&str; 11] =
    ["root", "manny", "wanda", "dora", "adele", "axel", "olga", "mia", "mel", "rita", "pat"];

/// The result of one run.
pub(super) struct CommandOutput {
    pub(super) status: i32,
    /// Standard output and standard error.
    pub(super) text: String,
}

/// A string that reveals a hidden resource, and the readers who may know of it.
#[derive(Clone)]
pub(super) struct Marker {
    pub(super) text: String,
    pub(super) told: Vec<&'static str>,
}

pub(super) struct World {
    folder: TempDir,
    /// The numbers of numbered resources: `key`, `token`, `media`, `stream`, `package`, `letter`.
    numbers: Vec<(&'static str, String)>,
    pub(super) markers: Vec<Marker>,
    pub(super) last: u64,
}

/// The template of the store of every world.
struct Made {
    numbers: Vec<(&'static str, String)>,
    markers: Vec<Marker>,
    last: u64,
    store: Vec<u8>,
}

impl World {
    pub(super) fn store(&self) -> PathBuf {
        self.path("store.db")
    }

    /// The path of a file of the world.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The same path as a word of a command line.
    pub(super) fn file(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// The number of a resource that was made.
    pub(super) fn number(&self, what: &str) -> String {
        self.numbers.iter().find(|(known, _)| *known == what).map(|(_, number)| number.clone()).unwrap()
    }

    /// Runs the program in this process.
    pub(super) fn run_on(&self, store: &Path, words: &[String]) -> CommandOutput {
        let ran = run_here(store, words);
        CommandOutput { status: ran.status, text: ran.out + &ran.err }
    }

    pub(super) fn ok(&self, line: &str) -> String {
        let words: Vec<String> = split(line);
        let ran = self.run_on(&self.store(), &words);
        assert_eq!(ran.status, 0, "{line}: {}", ran.text);
        ran.text
    }

    /// Makes a numbered resource and remembers its number.
    fn make(&mut self, what: &'static str, line: &str) {
        let value: Value = serde_json::from_str(&self.ok(&format!("{line} -o json"))).unwrap();
        let reference = value["changed"]
            .as_array()
            .unwrap()
            .iter()
            .find_map(|change| change["ref"].as_str()?.rsplit_once(':').map(|(_, number)| number.to_owned()))
            .unwrap();
        self.numbers.push((what, reference));
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// A world with a store of its own, copied from a store that is made once.
    pub(super) fn new() -> World {
        static MADE: OnceLock<Made> = OnceLock::new();
        let made = MADE.get_or_init(|| {
            let world = World::make_store();
            let store = std::fs::read(world.store()).unwrap();
            Made { numbers: world.numbers, markers: world.markers, last: world.last, store }
        });
        let (numbers, markers) = (made.numbers.clone(), made.markers.clone());
        let world = World { folder: temp_folder(), numbers, markers, last: made.last };
        world.write_files();
        std::fs::write(world.store(), &made.store).unwrap();
        world
    }

    /// The files that commands name.
    fn write_files(&self) {
        self.write("manifest.yaml", MANIFEST);
        self.write(
            "tests.yaml",
            "version: 1\ntests:\n  - only pat can download pub:/docs\n  - pat cannot send workgroup:open\n",
        );
        self.write("requests.txt", "pat download pub:/docs\npat view workgroup:open\nrita browse pub:/docs\n");
        self.write("people.csv", "name,email\nnewbie,newbie@example.com\n");
        self.write("mia.yaml", "version: 1\norganizations:\n  acme: {members: {mia: [prod], nina: []}}\n");
        self.write("secret.txt", "no-such-secret\n");
        self.write("decisions.csv", "id,decision\nb1r1,keep\nb2r2,revoke\n");
        let key = self.file("log.key");
        let made = run_here(&self.store(), ["audit", "key", "--name", "example.com/log", "--out", &key]);
        assert_eq!(made.status, 0, "{made:?}");
        self.write("zqset.yaml", "version: 1\nname: zqset\ngroups:\n  zqcrew: [zqbert]\n");
        self.write("zqmanifest.yaml", "version: 1\nendpoints:\n  pub: {shares: {/docs: {dora: view}}}\norganizations:\n  zqorg: {members: {zqanna: []}}\n");
    }

    fn make_store() -> World {
        let mut world = World { folder: temp_folder(), numbers: Vec::new(), markers: Vec::new(), last: 0 };
        world.write_files();
        for line in SETUP.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            match line.split_once(" <- ") {
                Some((what, rest)) => {
                    let what = ["key", "token", "media", "stream", "package", "letter"]
                        .into_iter()
                        .find(|known| *known == what)
                        .unwrap();
                    let line = world.placed(rest);
                    world.make(what, &line);
                }
                None => drop(world.ok(&world.placed(line))),
            }
        }
        // A decision in a hidden review.
        let table: Value = serde_json::from_str(&world.ok("audit review export zqreview -o json --as adele")).unwrap();
        let id = table[0]["id"].as_str().unwrap();
        world.write("kept.csv", &format!("id,decision,comment\n{id},keep,zqcomment\n"));
        world.ok(&world.placed("audit review apply zqreview FOLDER/kept.csv --as adele"));
        // A denied change of a hidden resource, by a hidden account.
        let denied =
            world.run_on(&world.store(), &split("endpoint set zqbucket --private=false --as zqbert --reason zqdenied"));
        assert!(denied.status == 3 || denied.status == 4, "{}", denied.text);
        let status: Value = serde_json::from_str(&world.ok("status -o json")).unwrap();
        world.last = status["revision"].as_u64().unwrap();
        world.markers = world.all_markers();
        world
    }

    fn placed(&self, line: &str) -> String {
        line.replace("FOLDER/", &format!("{}/", self.folder.path().display()))
    }

    fn all_markers(&self) -> Vec<Marker> {
        let mut markers: Vec<Marker> = MARKERS
            .iter()
            .map(|(text, told)| Marker {
                text: (*text).to_owned(),
                told: READERS.into_iter().filter(|reader| told.split(' ').any(|known| known == *reader)).collect(),
            })
            .collect();
        for (what, prefix, told) in [
            ("key", "signing-key:", &["olga"][..]),
            ("token", "access-token:", &["olga"]),
            ("package", "package:", &[]),
        ] {
            markers.push(Marker { text: format!("{prefix}{}", self.number(what)), told: told.to_vec() });
        }
        markers
    }
}

/// Splits a line into words; quotes keep spaces.
pub(super) fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, part) in line.split('\'').enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

/// Each marker with the readers who may know of it. The directory is private: plain users see only themselves.
const MARKERS: &[(&str, &str)] = &[
    // Admins, managers and admins of workgroups see every account; a reader who may list shares, roles or members
    // sees the holders.
    ("zqanna", "root manny wanda axel adele"),
    ("zqbert", "root manny wanda adele dora"),
    // Members, admins and managers see it; adele lists the shares of `pub`.
    ("zqcrew", "root manny adele"),
    ("zqwork", "root manny"),
    ("zqbox", "root manny"),
    ("zqvendor", "root manny"),
    // A private bucket: its access manager sees its content, a receiver the shared items.
    ("zqbucket", "axel rita"),
    ("zqdir", "axel"),
    ("zqopened", ""),
    // A private node: rita has a share there and does not see the definition.
    ("zqnode", "rita"),
    ("9.8.7", ""),
    // A private node with the files of a workspace that mia is in.
    ("zqfiles", "mia"),
    // An organization of others, and its resources.
    ("zqorg", ""),
    ("zqspace", ""),
    ("zqmedia", ""),
    ("zqstream", ""),
    ("zqinvited", ""),
    // In acme: a workspace that mia does not have, and its media.
    ("zqlab", "olga"),
    ("zqlabmedia", "olga"),
    ("zqguest", "olga mia"),
    // Packages between others.
    ("zqparcel", ""),
    ("zqletter", "root"),
    // Items in `pub` besides the shared ones.
    ("zqpaper", "adele"),
    // The name of a set is visible with a resource that it declares.
    ("zqset", "root manny"),
    // Texts in the log: server admins read all of it.
    ("zqmanifest", "root"),
    ("zqdenied", "root"),
    ("zqreview", "root adele"),
    ("zqcomment", "root adele"),
];

/// The manifests that readers plan and apply: these name nothing hidden.
const MANIFEST: &str = "version: 1
name: mine
groups:
  team: {members: [pat], exclusive: true}
workgroups:
  color: {members: [mel], exclusive: true}
  open: {members: [pat], exclusive: true}
endpoints:
  pub:
    roles: {administrator: [adele]}
    shares: {/docs: {pat: view}}
    exclusive: true
organizations:
  acme:
    members: {mia: [prod]}
    exclusive: true
";

/// The commands that make the store; `WHAT <- ` remembers the number of the new resource.
const SETUP: &str = "
init
account add root --role admin --email root@example.com
account add manny --role manager
account add wanda
account add dora
account add adele
account add axel
account add olga
account add mia --email mia@example.com
account add mel
account add rita
account add nina
account add pat --email pat@example.com
account add zqanna --email zqanna@example.com
account add zqbert --email zqbert@example.com
server set --public-links allow
group add team
group add-member team pat mel
# What everybody may know of.
workgroup add color --send members --admins-manage-members
workgroup add-member color wanda mel zqbert
workgroup add-admin color wanda
workgroup add open --send anyone
workgroup add-member open zqbert
dropbox add intake
dropbox add-member intake dora zqbert
dropbox invite intake vendor@example.com
endpoint add pub --kind node --node-version 4.4.6 --administrator adele
endpoint add depot --kind s3 --administrator adele
endpoint add-role depot access-manager zqbert
content add pub:/docs
content add pub:/docs/sub
content add pub:/zqpaper --type file --size 5
share grant pub:/docs pat mel --permission view
org add acme --admin olga
# What is hidden.
group add zqcrew
group set zqcrew --visible members
workgroup add zqwork
workgroup add-member zqwork zqanna zqbert
dropbox add zqbox
dropbox add-member zqbox zqbert
dropbox invite zqbox zqvendor@example.com
dropbox public-link zqbox on
endpoint add zqbucket --kind s3 --private --administrator zqanna
endpoint add-role zqbucket access-manager axel
content add zqbucket:/open
content add zqbucket:/zqdir
content add zqbucket:/zqdir/inner --owner zqanna
share grant zqbucket:/open rita --permission view --as axel
share grant zqbucket:/zqdir zqanna --permission edit --as axel
endpoint add zqopened --kind share --of zqbucket:/zqdir --private --administrator zqanna
endpoint add opener --kind share --of zqbucket:/zqdir --administrator adele
share grant opener:/ rita --permission view --as adele
endpoint add zqnode --kind node --node-version 9.8.7 --private --administrator zqbert
content add zqnode:/x
share grant zqnode:/x rita --permission view
endpoint add zqfiles --kind node --private --administrator zqbert
content add zqfiles:/acme-prod
workspace add acme/prod --files zqfiles:/acme-prod
apply FOLDER/mia.yaml --yes
workspace add acme/zqlab
org add zqorg --admin zqbert
workspace add zqorg/zqspace
media add zqorg/zqspace zqmedia
stream add zqorg/zqspace zqstream
org invite zqorg zqinvited@example.com --role member --workspace zqspace
media add acme/zqlab zqlabmedia
org invite acme zqguest@example.com --role member
key <- signing-key create acme
token <- access-token create acme/zqlab --mode read
media <- media add acme/prod reel
stream <- stream add acme/prod live
apply FOLDER/zqset.yaml --yes
share grant pub:/docs group:zqcrew zqbert --permission preview
package <- package send --title zqparcel --to zqbert --as zqanna
letter <- package send --title 'hello' --to pat --as mel
package send --title zqletter --to workgroup:open --as zqbert
endpoint add-role pub activity-monitor dora --reason 'wanted by zqorg'
endpoint add-role pub activity-monitor zqanna --reason 'plain'
endpoint remove-role pub activity-monitor zqanna
apply FOLDER/zqmanifest.yaml --yes
account set mel --send-external allow --reason 'zqorg asked'
audit review start zqreview --of pub:/docs --reviewer adele
server set --private-directory=true
";

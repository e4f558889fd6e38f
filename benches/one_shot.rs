//! Measures one invocation against the alternative of a user: a bare program that opens the same SQLite file. `cargo
//! bench --bench one_shot` makes a store of 100,000 accounts, runs all contenders interleaved, and prints medians and
//! ratios; then it does the same for listings and long lists of requests on a store of a million grants. `… -- build
//! PATH` only makes the first store, `… -- build-large FOLDER` the second with its requests, `… -- large` measures only
//! the second. With `BESIDE=PROGRAM`, another build of the program, that build runs each listing too. Never a test:
//! machines differ.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark prints, and may stop at the first surprise"
)]

#[path = "workload/large.rs"]
mod large;
#[path = "workload/process.rs"]
#[expect(dead_code, reason = "other benchmarks compare whole runs")]
mod process;
#[expect(dead_code, reason = "questions in process are asked by other benchmarks")]
mod workload;

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clap::{Arg, ArgAction, ArgMatches};
use process::run;
use rolebook::model::attributes::{EndpointKind, ItemType, SendPolicy};
use rolebook::model::{Kind, Name, Permissions, Reference, Role, Time};
use rolebook::ops::share::{self, NewShare};
use rolebook::ops::{Actor, Transaction, account, content, endpoint, group, membership};
use rolebook::policy::Facts;
use rolebook::store::{RevisionHeader, Store};
use rusqlite::{Connection, OpenFlags};
use workload::Workload;

const ROUNDS: usize = 400;
const PROGRAM: &str = env!("CARGO_BIN_EXE_rolebook");
/// A file six folders deep.
const FILE: &str = "/projects/2026/film/reels/day-7/raw/take-3.mov";

/// Whether an account is in a workgroup, directly or through groups.
const IS_MEMBER: &str = "
    WITH RECURSIVE who (id) AS (
        SELECT id FROM resource WHERE kind = 'user' AND parent = 0 AND key = ?1 AND until IS NULL
        UNION
        SELECT binding.resource FROM who CROSS JOIN binding
            ON binding.principal = who.id AND binding.role = 'group:member' AND binding.until IS NULL
    )
    SELECT EXISTS (
        SELECT 1 FROM who CROSS JOIN resource AS place
            ON place.kind = 'workgroup' AND place.parent = 0 AND place.key = ?2 AND place.until IS NULL
        JOIN binding
            ON binding.resource = place.id AND binding.principal = who.id AND binding.until IS NULL
            AND binding.role IN ('workgroup:standard', 'workgroup:admin')
    )";

/// Whether an account has a share with `download` of the item at a path or of a folder above it, directly or through
/// groups and workgroups.
const HAS_SHARE: &str = "
    WITH RECURSIVE who (id) AS (
        SELECT id FROM resource WHERE kind = 'user' AND parent = 0 AND key = ?1 AND until IS NULL
        UNION
        SELECT binding.resource FROM who CROSS JOIN binding
            ON binding.principal = who.id AND binding.until IS NULL
            AND binding.role IN ('group:member', 'workgroup:standard', 'workgroup:admin')
    ),
    line (id, rest) AS (
        SELECT root.id, substr(?3, 2) || '/' FROM resource AS endpoint CROSS JOIN resource AS root
            ON root.kind = 'item' AND root.parent = endpoint.id AND root.key = '/' AND root.until IS NULL
            WHERE endpoint.kind = 'endpoint' AND endpoint.parent = 0 AND endpoint.key = ?2 AND endpoint.until IS NULL
        UNION ALL
        SELECT below.id, substr(rest, instr(rest, '/') + 1) FROM line CROSS JOIN resource AS below
            ON below.kind = 'item' AND below.parent = line.id AND below.key = substr(rest, 1, instr(rest, '/') - 1)
            AND below.until IS NULL WHERE rest <> ''
    )
    SELECT EXISTS (
        SELECT 1 FROM line CROSS JOIN who CROSS JOIN binding
            ON binding.resource = line.id AND binding.role = 'item:share' AND binding.principal = who.id
            AND binding.until IS NULL AND binding.attributes LIKE '%\"download\"%'
    )";

fn main() {
    let args: Vec<String> = std::env::args().collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[1..] {
        ["bare", "read", path] => bare_read(path),
        ["bare", "clap-check", ..] => bare_check(&args[2..]),
        ["bare", "write", path, number] => bare_write(path, number),
        ["bare", "nothing"] => {}
        ["bare", "lines", file] => bare_lines(file),
        ["build", path] => build(Path::new(path)),
        ["build-large", folder] => build_large(Path::new(folder)),
        ["large"] | ["large", "--bench"] => measure_large(),
        _ => {
            measure();
            println!();
            measure_large();
        }
    }
}

/// The floor for a question: open the file, run one prepared query, print.
fn bare_read(path: &str) {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX).unwrap();
    let mut statement = connection
        .prepare("SELECT id FROM resource WHERE kind = ?1 AND parent = 0 AND key = ?2 AND until IS NULL")
        .unwrap();
    let id: i64 = statement.query_row(["user", "user-77777"], |row| row.get(0)).unwrap();
    println!("{id}");
}

/// The floor for a list of requests: read each line, split it, write it back with a verdict.
fn bare_lines(file: &str) {
    let mut out = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    for line in BufReader::with_capacity(1 << 16, std::fs::File::open(file).unwrap()).lines() {
        let line = line.unwrap();
        let words = line.split(' ').filter(|word| !word.is_empty()).count();
        writeln!(out, "{} {line}", if words == 3 { "allowed" } else { "denied" }).unwrap();
    }
    out.flush().unwrap();
}

/// A parser of ten nouns with six verbs each and a few arguments for each verb. Verbs are built only when needed.
fn parser() -> clap::Command {
    const NOUNS: [&str; 10] =
        ["account", "group", "workgroup", "dropbox", "package", "endpoint", "content", "share", "org", "perm"];
    const VERBS: [&str; 6] = ["add", "list", "show", "set", "remove", "check"];
    let mut parser = clap::Command::new("clap-check").subcommand_required(true);
    for noun in NOUNS {
        parser = parser.subcommand(clap::Command::new(noun).about("A noun").defer(|mut noun| {
            for verb in VERBS {
                noun = noun.subcommand(clap::Command::new(verb).about("A verb").defer(|verb| {
                    verb.arg(Arg::new("store").long("store").required(true).help("The store"))
                        .arg(Arg::new("output").short('o').long("output").value_parser(["table", "json"]))
                        .arg(Arg::new("verbose").short('v').long("verbose").action(ArgAction::SetTrue))
                        .arg(Arg::new("principal").required(true).help("Who"))
                        .arg(Arg::new("action").required(true).help("What"))
                        .arg(Arg::new("resource").required(true).help("On what"))
                }));
            }
            noun.subcommand_required(true)
        }));
    }
    parser
}

/// The floor for a check: parse the words, open the file, run one prepared query that goes up the groups, and the
/// folders if the resource is a path, and print.
fn bare_check(args: &[String]) {
    let matches = parser().get_matches_from(args);
    let (_, noun) = matches.subcommand().unwrap();
    let (_, asked) = noun.subcommand().unwrap();
    let said = |asked: &ArgMatches, name: &str| asked.get_one::<String>(name).unwrap().clone();
    let (principal, resource) = (said(asked, "principal"), said(asked, "resource"));
    let connection = Connection::open_with_flags(
        said(asked, "store"),
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .unwrap();
    let (of, name) = resource.split_once(':').unwrap();
    let allowed: bool = if name.starts_with('/') {
        connection.prepare(HAS_SHARE).unwrap().query_row([&principal, of, name], |row| row.get(0)).unwrap()
    } else {
        connection.prepare(IS_MEMBER).unwrap().query_row([&principal, name], |row| row.get(0)).unwrap()
    };
    connection.close().unwrap();
    println!("{}", if allowed { "allowed" } else { "denied" });
    std::process::exit(i32::from(!allowed));
}

/// The floor for a change: open the file, close one row, open another, add a revision, commit.
fn bare_write(path: &str, number: &str) {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX).unwrap();
    connection.pragma_update(None, "synchronous", "full").unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    let number: i64 = number.parse().unwrap();
    let last: i64 = connection.query_row("SELECT max(number) FROM revision", [], |row| row.get(0)).unwrap();
    let (since, id): (i64, i64) = connection
        .query_row(
            "SELECT since, id FROM resource WHERE kind = 'user' AND parent = 0 AND key = ?1 AND until IS NULL",
            [format!("user-{number}")],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    connection.execute("UPDATE resource SET until = ?1 WHERE since = ?2 AND id = ?3", (last + 1, since, id)).unwrap();
    connection
        .execute(
            "INSERT INTO resource VALUES (?1, ?2, NULL, 'user', 0, ?3, ?3, NULL, '{\"display_name\":\"x\"}', NULL)",
            (last + 1, id, format!("user-{number}")),
        )
        .unwrap();
    connection
        .execute(
            "INSERT INTO revision VALUES (?1, ?2, NULL, 'root', 'account edit', NULL, NULL, NULL, ?2, ?3, ?3)",
            (last + 1, 1_750_000_000_000_i64, [0u8; 32]),
        )
        .unwrap();
    connection.execute_batch("COMMIT").unwrap();
}

/// Makes a store of 100,000 accounts in 5,000 nested groups, with a workgroup that some are in, and a file that some
/// may download because a folder far above is shared with a group.
fn build(path: &Path) {
    let (store, _) = Store::create(path).unwrap();
    let writer = store.write().unwrap();
    let facts = writer.facts();
    let mut tx = Transaction::new(&facts, Actor::Operator, Time::now()).unwrap();
    let name = |text: String| Name::parse(&text).unwrap();
    let admin = account::AccountSettings { role: Some(Role::ServerAdmin), ..account::AccountSettings::default() };
    account::add(&mut tx, &name("alice".to_owned()), &admin, None).unwrap();
    for number in 0..100_000 {
        account::add(&mut tx, &name(format!("user-{number}")), &account::AccountSettings::default(), None).unwrap();
    }
    for number in 0..5_000 {
        let group = name(format!("group-{number}"));
        group::add(&mut tx, Kind::Group, &group, &group::GroupSettings::default()).unwrap();
        let members: Vec<Reference> = (0..20)
            .map(|member| Reference::Named(Kind::Account, name(format!("user-{}", number * 20 + member))))
            .collect();
        membership::add(&mut tx, Kind::Group, &group, &members, None).unwrap();
        if number >= 50 {
            let above = name(format!("group-{}", number / 10));
            membership::add(&mut tx, Kind::Group, &above, &[Reference::Named(Kind::Group, group)], None).unwrap();
        }
    }
    let send = group::GroupSettings { send: Some(SendPolicy::Members), ..group::GroupSettings::default() };
    let color = name("color".to_owned());
    group::add(&mut tx, Kind::Workgroup, &color, &send).unwrap();
    membership::add(
        &mut tx,
        Kind::Workgroup,
        &color,
        &[Reference::Named(Kind::Group, name("group-38".to_owned()))],
        None,
    )
    .unwrap();
    let node = name("node1".to_owned());
    let new = endpoint::NewEndpoint {
        kind: EndpointKind::Node,
        of: None,
        administrators: vec![Reference::Named(Kind::Account, name("alice".to_owned()))],
        settings: endpoint::EndpointSettings::default(),
    };
    endpoint::add(&mut tx, &node, &new).unwrap();
    let path = |text: &str| rolebook::model::Path::parse(text).unwrap();
    let file = content::ItemSettings { item_type: Some(ItemType::File), size: Some(1 << 30), owner: None };
    content::add(&mut tx, &node, &path(FILE), &file).unwrap();
    let grant = NewShare {
        principals: vec![Reference::Named(Kind::Group, name("group-3888".to_owned()))],
        permissions: Permissions::VIEW,
        expires: None,
        admin: false,
        class: None,
    };
    share::grant(&mut tx, &node, &path("/projects/2026"), &grant).unwrap();
    let rows = tx.facts().draft().against(&facts).unwrap();
    let last = tx.facts().last_id().unwrap();
    drop(tx);
    let entry = RevisionHeader {
        at: Time::now(),
        actor: None,
        operator: "bench".to_owned(),
        command: "build".to_owned(),
        reason: None,
        undoes: None,
    };
    writer.commit(&rows, last, entry).unwrap();
}

/// The wall time of one run of a contender.
fn once(program: &str, arguments: &[&str]) -> Duration {
    let begin = Instant::now();
    let status = Command::new(program)
        .args(arguments)
        .env_remove("ROLEBOOK_AS")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .status()
        .unwrap();
    let took = begin.elapsed();
    assert!(status.code().is_some_and(|code| code < 2), "{arguments:?}: {status}");
    took
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn measure() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bench.db");
    let begin = Instant::now();
    build(&path);
    println!(
        "a store of 100,000 accounts and 5,000 groups, {} MB, made in {:.1} s\n",
        std::fs::metadata(&path).unwrap().len() / 1_000_000,
        begin.elapsed().as_secs_f64()
    );
    let own = std::env::current_exe().unwrap();
    let (own, store) = (own.to_str().unwrap(), path.to_str().unwrap());
    let small = folder.path().join("small.db");
    let small = small.to_str().unwrap();
    Store::create(Path::new(small)).unwrap();
    once(PROGRAM, &["account", "add", "user-77777", "--store", small]);
    let mut contenders = vec![
        Contender::new("an empty program", own, &["bare", "nothing"], None),
        Contender::new("bare: open the file, one prepared query", own, &["bare", "read", store], None),
    ];
    let file = format!("node1:{FILE}");
    let questions = [
        ("workgroup, denied", "user-99", "send", "workgroup:color"),
        ("workgroup, through three groups", "user-77777", "send", "workgroup:color"),
        ("file, denied", "user-99", "download", &file),
        ("file, through a group", "user-77777", "download", &file),
    ];
    for (about, who, what, on) in questions {
        let words = [who, what, on, "--store", store];
        let asked = |before: &[&'static str]| [before, &words].concat();
        let first = contenders.len();
        let mut add = |name: &str, program, words: &[&str], beside| {
            contenders.push(Contender::new(&format!("{name}: {about}"), program, words, beside));
        };
        add("bare clap-check", own, &asked(&["bare", "clap-check", "perm", "check"]), None);
        add("perm check", PROGRAM, &asked(&["perm", "check"]), Some(first));
        add("perm explain", PROGRAM, &asked(&["perm", "explain"]), Some(first + 1));
    }
    let alone = ["perm", "check", "user-77777", "send", "server", "--store", small];
    contenders.push(Contender::new("perm check on a store of one account", PROGRAM, &alone, None));
    compare(&contenders, 1, ROUNDS);
    println!();
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..100 {
        let number = (1000 + round).to_string();
        let name = format!("user-{}", 2000 + round);
        times[0].push(once(own, &["bare", "write", store, &number]));
        times[1].push(once(PROGRAM, &["account", "edit", &name, "--display-name", "x", "--store", store]));
    }
    let floor = median(&mut times[0]);
    print_line("bare: open, close a row, open a row, commit", floor, floor);
    print_line("account edit, one durable revision", median(&mut times[1]), floor);
}

/// A program that is run repeatedly.
struct Contender<'p> {
    name: String,
    program: &'p str,
    words: Vec<String>,
    /// The contender that this one is compared with besides the floor.
    beside: Option<usize>,
}

impl<'p> Contender<'p> {
    fn new(name: &str, program: &'p str, words: &[&str], beside: Option<usize>) -> Contender<'p> {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        Contender { name: name.to_owned(), program, words, beside }
    }
}

/// Prints the median of each contender, its ratio to the floor, and its ratio to the contender in `beside`.
fn compare(contenders: &[Contender<'_>], floor: usize, rounds: usize) {
    let mut times = vec![Vec::with_capacity(rounds); contenders.len()];
    for _ in 0..rounds {
        for (contender, times) in contenders.iter().zip(&mut times) {
            let words: Vec<&str> = contender.words.iter().map(String::as_str).collect();
            times.push(once(contender.program, &words));
        }
    }
    let medians: Vec<Duration> = times.iter_mut().map(|times| median(times)).collect();
    for (contender, time) in contenders.iter().zip(&medians) {
        let beside = contender.beside.map(|other| (contenders[other].name.as_str(), ratio(*time, medians[other])));
        let beside = beside.map_or_else(String::new, |(name, ratio)| {
            format!("  {ratio:>5.2} x {}", name.split(':').next().unwrap_or_default())
        });
        println!(
            "{:<48} {:>6.2} ms  {:>5.2} x{beside}",
            contender.name,
            time.as_secs_f64() * 1000.0,
            ratio(*time, medians[floor])
        );
    }
}

fn ratio(time: Duration, to: Duration) -> f64 {
    time.as_secs_f64() / to.as_secs_f64()
}

fn print_line(name: &str, time: Duration, floor: Duration) {
    println!("{name:<48} {:>6.2} ms  {:>5.2} x", time.as_secs_f64() * 1000.0, ratio(time, floor));
}

/// The number of accounts in the store of a million grants.
const ACCOUNTS: usize = 100_000;
/// The number of requests in a list.
const REQUESTS: usize = 1_000_000;
/// The number of runs of each listing, and of each long list of requests.
const LISTINGS: usize = 100;
const LISTS: usize = 5;

/// Makes the store of a million grants, and the requests.
fn build_large(folder: &Path) {
    let workload = Workload::new(ACCOUNTS);
    large::build(&workload, &folder.join("large.db"));
    large::requests(&workload, REQUESTS, &folder.join("requests.txt"));
    println!("{} grants", workload.grants());
}

fn measure_large() {
    let folder = tempfile::tempdir().unwrap();
    let folder = match std::env::var_os("LARGE") {
        Some(built) => built.into(),
        None => {
            build_large(folder.path());
            folder.path().to_owned()
        }
    };
    let (store, requests) = (folder.join("large.db"), folder.join("requests.txt"));
    let [store, requests] = [&store, &requests].map(|path| path.to_str().unwrap());
    let listings: [(&str, &[&str]); 6] = [
        ("perm check", &["perm", "check", "u500", "download", "crowd:/reels"]),
        ("perm who: 200 answers", &["perm", "who", "download", "crowd:/reels"]),
        ("perm who --proof: 200 answers", &["perm", "who", "download", "crowd:/reels", "--proof"]),
        ("perm list: 500 grants", &["perm", "list", "reader"]),
        ("perm list of items: 500 grants", &["perm", "list", "reader", "--kind", "item"]),
        ("perm matrix: one folder", &["perm", "matrix", "crowd:/reels"]),
    ];
    let lists: [(&str, &[&str]); 3] = [
        ("perm check --batch: a million lines", &["perm", "check", "--batch", requests]),
        ("account list -o jsonl: 100,000", &["account", "list", "-o", "jsonl"]),
        ("account list: 100,000", &["account", "list"]),
    ];
    let beside = std::env::var("BESIDE").ok();
    let programs: Vec<(&str, &str)> = [("", Some(PROGRAM)), ("beside: ", beside.as_deref())]
        .into_iter()
        .filter_map(|(of, it)| Some((of, it?)))
        .collect();
    let all = |of: &[(&str, &[&str])]| -> Vec<Contender<'_>> {
        let each = |(name, words): &(&str, &[&str])| {
            let words = [words, &["--store", store][..]].concat();
            programs
                .iter()
                .map(|(of, program)| Contender::new(&format!("{of}{name}"), program, &words, None))
                .collect::<Vec<_>>()
        };
        of.iter().flat_map(each).collect()
    };
    compare(&all(&listings), 0, LISTINGS);
    println!();
    let own = std::env::current_exe().unwrap();
    let mut long = vec![Contender::new(
        "bare: read and write the lines",
        own.to_str().unwrap(),
        &["bare", "lines", requests],
        None,
    )];
    long.extend(all(&lists));
    compare(&long, 0, LISTS);
    for contender in long.iter().skip(1) {
        let words: Vec<&str> = contender.words.iter().map(String::as_str).collect();
        println!("{:<48} {:>6} MB at most", contender.name, run(contender.program, &words).memory / 1_000_000);
    }
}

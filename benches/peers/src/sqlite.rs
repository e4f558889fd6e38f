//! SQLite with integer keys and one prepared statement: a recursive query goes up from the account through the groups,
//! another goes up from the folder, and a third tests whether a share connects them.

use std::path::Path;

use rolebook::model::{Permission, Permissions};
use rusqlite::{Connection, Statement, params};

use crate::workload::{About, Question, Workload, strength};

const TABLES: &str = "
    CREATE TABLE membership (member INTEGER NOT NULL, grp INTEGER NOT NULL, PRIMARY KEY (member, grp)) WITHOUT ROWID;
    CREATE TABLE folder (id INTEGER PRIMARY KEY, parent INTEGER);
    CREATE TABLE share (
        folder INTEGER NOT NULL, principal INTEGER NOT NULL, permissions INTEGER NOT NULL,
        PRIMARY KEY (folder, principal)
    ) WITHOUT ROWID;
    CREATE TABLE role (
        endpoint INTEGER NOT NULL, principal INTEGER NOT NULL, strength INTEGER NOT NULL,
        PRIMARY KEY (endpoint, principal, strength)
    ) WITHOUT ROWID;
";

/// Whether account ?1 holds permission ?3 on folder ?2. This is one of the fastest of a dozen forms. Cross joins and a
/// plus keep the planner from starting at the other end. `UNION ALL` is enough, since no group contains itself.
const OF_FOLDER: &str = "\
    WITH RECURSIVE \
    who (id) AS (VALUES (?1) UNION ALL SELECT grp FROM who CROSS JOIN membership ON member = who.id), \
    up (id) AS (VALUES (?2) UNION ALL SELECT parent FROM up CROSS JOIN folder ON folder.id = up.id) \
    SELECT EXISTS (SELECT 1 FROM up CROSS JOIN share ON folder = up.id \
    WHERE permissions & ?3 AND +principal IN who)";
/// Whether account ?1 holds a role of strength ?3 on endpoint ?2.
const OF_ENDPOINT: &str = "\
    WITH RECURSIVE \
    who (id) AS (VALUES (?1) UNION ALL SELECT grp FROM who CROSS JOIN membership ON member = who.id) \
    SELECT EXISTS (SELECT 1 FROM role WHERE endpoint = ?2 AND strength >= ?3 AND +principal IN who)";
/// Temporary tables of the recursion stay in memory, which is at least twice as fast. There are no statistics, since
/// with them SQLite builds filters of whole tables for every question.
const SETTINGS: &str = "PRAGMA temp_store = memory;";

/// The database, with both statements prepared.
pub(crate) struct Loaded {
    of_folder: Statement<'static>,
    of_endpoint: Statement<'static>,
}

/// Makes a database in memory.
pub(crate) fn load(workload: &Workload) -> Loaded {
    let mut connection = Connection::open_in_memory().unwrap();
    fill(&mut connection, workload).unwrap();
    connection.execute_batch(SETTINGS).unwrap();
    // The connection and its statements live as long as the process.
    let connection: &'static Connection = Box::leak(Box::new(connection));
    Loaded { of_folder: connection.prepare(OF_FOLDER).unwrap(), of_endpoint: connection.prepare(OF_ENDPOINT).unwrap() }
}

/// Makes the same database in a file.
pub(crate) fn file(workload: &Workload, path: &Path) {
    fill(&mut Connection::open(path).unwrap(), workload).unwrap();
}

fn fill(connection: &mut Connection, workload: &Workload) -> rusqlite::Result<()> {
    connection.execute_batch(TABLES)?;
    let transaction = connection.transaction()?;
    {
        let mut insert = transaction.prepare("INSERT INTO membership VALUES (?1, ?2)")?;
        for it in &workload.memberships {
            insert.execute([it.member, it.group])?;
        }
        let mut insert = transaction.prepare("INSERT INTO folder VALUES (?1, ?2)")?;
        for (number, it) in workload.folders.iter().enumerate() {
            insert.execute(params![number as u32, it.parent])?;
        }
        let mut insert = transaction.prepare("INSERT INTO share VALUES (?1, ?2, ?3)")?;
        for it in &workload.shares {
            insert.execute([it.folder, it.principal, bits(it.permissions)])?;
        }
        let mut insert = transaction.prepare("INSERT OR IGNORE INTO role VALUES (?1, ?2, ?3)")?;
        for it in &workload.roles {
            insert.execute([it.endpoint, it.principal, u32::from(strength(it.role))])?;
        }
    }
    transaction.commit()
}

fn bits(permissions: Permissions) -> u32 {
    permissions.iter().map(bit).sum()
}

const fn bit(permission: Permission) -> u32 {
    1 << permission as u32
}

/// The parameters of the statement that answers a question.
fn parameters(question: &Question) -> [u32; 3] {
    match question.about {
        About::Folder(folder, permission) => [question.account, folder, bit(permission)],
        About::Endpoint(endpoint, role) => [question.account, endpoint, u32::from(strength(role))],
    }
}

/// The statement that answers a question, with its parameters inserted, for the shell.
pub(crate) fn text(question: &Question) -> String {
    let sql = if matches!(question.about, About::Folder(..)) { OF_FOLDER } else { OF_ENDPOINT };
    let [first, second, third] = parameters(question).map(|it| it.to_string());
    format!("{SETTINGS} {sql}").replace("?1", &first).replace("?2", &second).replace("?3", &third)
}

impl Loaded {
    /// The answer to a question.
    pub(crate) fn check(&mut self, question: &Question) -> bool {
        let statement = match question.about {
            About::Folder(..) => &mut self.of_folder,
            About::Endpoint(..) => &mut self.of_endpoint,
        };
        statement.query_row(parameters(question), |row| row.get(0)).unwrap()
    }
}

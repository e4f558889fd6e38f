//! Private links by mail, through a real SMTP server on loopback (`support::smtp`). A mail arrives
//! complete and encrypted, or the command says why it did not; the invitation is valid either way.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::smtp::{Greeting, Raw, Server, Setup, line};
use crate::support::{CommandOutput, Tool, temp_folder};

const USER: &str = "rolebook";
const PASSWORD: &str = "staple battery horse";
const INVITE: &str = "dropbox invite intake vendor@example.com -o json";
const TRUSTED: &str = "ca-file: ca.pem";

/// A store with the dropbox `intake`, and these lines under `smtp:` in the configuration.
fn office(port: u16, lines: &[&str]) -> Tool {
    let tool = Tool::staffed();
    tool.ok("server set --public-links allow");
    tool.ok("dropbox add intake");
    let port = format!("port: {port}");
    configure(&tool, &[&[port.as_str()], lines].concat());
    tool
}

/// Writes the configuration. Commands run in the folder, so paths are relative to it.
fn configure(tool: &Tool, lines: &[&str]) {
    let mut text = "smtp:\n  host: 127.0.0.1\n  from: rolebook@example.com\n".to_owned();
    for line in lines {
        text.push_str(&format!("  {line}\n"));
    }
    let folder = tool.folder().join("home/.config/rolebook");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.yaml"), text).unwrap();
}

/// As [`office`], with this server's certificate in `ca.pem`, beside the configuration.
fn served_by(server: &Server, lines: &[&str]) -> Tool {
    let tool = office(server.port, lines);
    server.write_certificate(&beside_configuration(&tool, "ca.pem"));
    tool
}

/// The path of a file beside the configuration. Paths in the configuration are relative to it.
fn beside_configuration(tool: &Tool, file: &str) -> std::path::PathBuf {
    tool.folder().join("home/.config/rolebook").join(file)
}

fn started(greeting: Greeting) -> Server {
    Server::start(Setup { greeting, ..Setup::default() })
}

fn login() -> Server {
    Server::start(Setup { login: Some((USER, PASSWORD)), ..Setup::default() })
}

fn answer(ran: &CommandOutput) -> Value {
    assert_eq!(ran.status, 0, "{ran:#?}");
    serde_json::from_str(&ran.out).unwrap()
}

fn secret(answer: &Value) -> &str {
    let secret = answer["secret"].as_str().unwrap();
    assert_eq!(secret.len(), 43, "{answer}");
    secret
}

/// Runs a command that makes a link for the vendor and asserts that it was mailed; returns its JSON.
fn mailed(tool: &Tool, arguments: &str) -> Value {
    let ran = tool.run(arguments);
    let answer = answer(&ran);
    assert_eq!((&answer["mailed"], &answer["warnings"]), (&json!(true), &json!([])), "{ran:#?}");
    assert_eq!(ran.err, "", "{ran:#?}");
    answer
}

/// Invites the vendor and asserts that the mail failed for a reason that contains `why`, that the
/// warning contains no secret, and that the link works nevertheless.
fn not_mailed(tool: &Tool, why: &str) -> Value {
    let ran = tool.run(INVITE);
    let answer = answer(&ran);
    assert_eq!(answer["mailed"], json!(false), "{ran:#?}");
    let warning = ran.err.strip_prefix("warning: ").and_then(|it| it.strip_suffix('\n')).unwrap();
    assert_eq!(answer["warnings"], json!([warning]), "{ran:#?}");
    assert!(warning.starts_with("the link was not mailed to `vendor@example.com`: "), "{warning}");
    assert!(warning.ends_with("; deliver it yourself") && warning.contains(why), "{warning}");
    assert!(!warning.contains(secret(&answer)) && !warning.contains(char::is_control), "{warning:?}");
    assert_eq!(submitted(tool, secret(&answer)), 0);
    answer
}

/// The exit status of a submission with this link.
fn submitted(tool: &Tool, link: &str) -> i32 {
    std::fs::write(tool.folder().join("link"), link).unwrap();
    tool.run("dropbox submit intake --link link --title Reel --file reel.mov:1").status
}

#[test]
fn starttls_is_the_default() {
    let server = started(Greeting::Starttls);
    let tool = served_by(&server, &[TRUSTED]);
    let answer = mailed(&tool, INVITE);
    let mail = server.only_mail();
    assert_eq!(mail.to, ["vendor@example.com"]);
    assert_eq!(mail.header_to, ["vendor@example.com"]);
    assert_eq!(mail.from, "rolebook@example.com");
    assert_eq!(mail.subject, "Your link to the dropbox \"intake\"");
    assert!(mail.text.lines().any(|line| line == secret(&answer)), "{mail:#?}");
    assert_eq!(submitted(&tool, secret(&answer)), 0);
    let overheard = server.in_the_clear();
    assert!(overheard.contains("STARTTLS"), "{overheard}");
    assert!(!overheard.contains("vendor") && !overheard.contains(secret(&answer)), "{overheard}");
}

#[test]
fn a_wrapped_connection_is_protected_from_the_first_byte() {
    let server = started(Greeting::Wrapped);
    let tool = served_by(&server, &["tls: wrapped", TRUSTED]);
    let answer = mailed(&tool, INVITE);
    assert!(server.only_mail().text.contains(secret(&answer)));
    assert_eq!(server.in_the_clear(), "");
}

#[test]
fn mail_is_sent_in_the_clear_only_if_configured() {
    let server = started(Greeting::Clear);
    let tool = office(server.port, &["tls: none"]);
    let answer = mailed(&tool, INVITE);
    assert!(server.only_mail().text.contains(secret(&answer)));
    assert!(server.in_the_clear().contains(secret(&answer)));
}

#[test]
fn a_server_without_starttls_gets_nothing() {
    let server = started(Greeting::Clear);
    let tool = served_by(&server, &[TRUSTED]);
    let answer = not_mailed(&tool, "does not offer STARTTLS");
    assert_eq!(server.connections(), 1);
    assert!(server.mails().is_empty());
    let overheard = server.in_the_clear();
    assert!(!overheard.contains("vendor") && !overheard.contains(secret(&answer)), "{overheard}");
}

#[test]
fn an_untrusted_certificate_is_refused() {
    for (greeting, tls) in [(Greeting::Starttls, "tls: starttls"), (Greeting::Wrapped, "tls: wrapped")] {
        let server = started(greeting);
        not_mailed(&office(server.port, &[tls]), "certificate is not trusted");
        assert_eq!((server.connections(), server.mails().len()), (1, 0));
    }
}

#[test]
fn a_certificate_of_another_name_is_refused() {
    let server = Server::start(Setup { certified: "mail.example.com", ..Setup::default() });
    not_mailed(&served_by(&server, &[TRUSTED]), "certificate is for another name");
    assert!(server.mails().is_empty());
}

#[test]
fn the_right_password_delivers() {
    let server = login();
    let tool = served_by(&server, &[TRUSTED, "user: rolebook", "password-file: password"]);
    // The line end is not part of the password; the spaces inside are.
    std::fs::write(beside_configuration(&tool, "password"), format!("{PASSWORD}\r\n")).unwrap();
    let answer = mailed(&tool, INVITE);
    assert!(server.only_mail().text.contains(secret(&answer)));
    assert!(!server.in_the_clear().contains("AUTH"), "{}", server.in_the_clear());
    assert_eq!(tool.files_with(PASSWORD.as_bytes()), [beside_configuration(&tool, "password")]);
}

#[test]
fn a_wrong_password_is_a_warning_that_does_not_repeat_it() {
    const WRONG: &str = "staple battery house";
    let server = login();
    let tool = served_by(&server, &[TRUSTED, "user: rolebook", "password-file: password"]);
    std::fs::write(beside_configuration(&tool, "password"), WRONG).unwrap();
    let answer = not_mailed(&tool, "535");
    assert!(!answer.to_string().contains(WRONG), "{answer}");
    assert!(server.mails().is_empty());
    let ran = tool.run("dropbox resend intake vendor@example.com -v");
    assert!(ran.status == 0 && ran.err.contains("535"), "{ran:#?}");
    assert!(!format!("{}{}", ran.out, ran.err).contains(WRONG), "{ran:#?}");
    assert_eq!(tool.files_with(WRONG.as_bytes()), [beside_configuration(&tool, "password")]);
}

/// Filters quote a link that they reject, and some servers quote a command that they do not understand.
/// Neither may reach standard error, and the server must not control the terminal.
#[test]
fn quotes_of_a_server_are_not_repeated() {
    let setup = Setup { refuses_and_quotes: true, ..Setup::default() };
    let server = Server::start(setup);
    let tool = served_by(&server, &[TRUSTED]);
    tool.ok("server set --url https://files.example.com");
    not_mailed(&tool, "554 5.7.1");

    let server = Server::start(Setup { login: Some((USER, PASSWORD)), ..setup });
    let tool = served_by(&server, &[TRUSTED, "user: rolebook", "password-file: password"]);
    std::fs::write(beside_configuration(&tool, "password"), PASSWORD).unwrap();
    let answer = not_mailed(&tool, "535 5.7.8");
    assert!(!answer.to_string().contains(PASSWORD), "{answer}");
}

#[test]
fn an_unreadable_file_is_a_warning_and_no_server_is_contacted() {
    let server = login();
    let tool = office(server.port, &["ca-file: nowhere.pem"]);
    not_mailed(&tool, "nowhere.pem` cannot be read");
    let tool = served_by(&server, &[TRUSTED, "user: rolebook", "password-file: nowhere"]);
    not_mailed(&tool, "nowhere` cannot be read");
    assert_eq!(server.connections(), 0);
}

#[test]
fn an_unreachable_server_is_a_warning() {
    // No service listens on the port of tcpmux.
    not_mailed(&office(1, &[]), "refused");
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    // At the same time, because each waits for its timeout.
    std::thread::scope(|scope| {
        for tls in ["tls: starttls", "tls: wrapped", "tls: none"] {
            scope.spawn(move || {
                let server = started(Greeting::Silent);
                let tool = served_by(&server, &[tls, TRUSTED, "timeout: 1"]);
                not_mailed(&tool, "did not finish within 1 s");
                assert_eq!(server.connections(), 1, "{tls}");
            });
        }
    });
}

/// Every byte arrives in time, but the dialogue never ends.
#[test]
fn the_timeout_bounds_the_whole_dialogue() {
    let server = Raw::start(|mut stream| {
        stream.write_all(b"220 ")?;
        // A byte now and then, until the client disconnects. The client says nothing before the greeting.
        stream.set_read_timeout(Some(Duration::from_millis(50)))?;
        while stream.read(&mut [0]).is_err() {
            stream.write_all(b"x")?;
        }
        Ok(())
    });
    let tool = office(server.port, &["tls: none", "timeout: 1"]);
    not_mailed(&tool, "did not finish within 1 s");
}

#[test]
fn the_input_from_a_server_is_bounded() {
    let server = Raw::start(|mut stream| {
        stream.write_all(b"220 ")?;
        loop {
            stream.write_all(&[b'x'; 65536])?;
        }
    });
    not_mailed(&office(server.port, &["tls: none"]), "more than a response can be");
    let server = Raw::start(|mut stream| {
        loop {
            stream.write_all(b"220-and so on\r\n")?;
        }
    });
    not_mailed(&office(server.port, &["tls: none"]), "more than a response can be");
}

/// An attacker on the network appends data to the answer to STARTTLS that the client could take for answers
/// through TLS.
#[test]
fn responses_injected_before_tls_are_refused() {
    let server = Raw::start(|mut stream| {
        stream.write_all(b"220 x\r\n")?;
        line(&mut stream)?;
        stream.write_all(b"250-x\r\n250 STARTTLS\r\n")?;
        line(&mut stream)?;
        stream.write_all(b"220 go\r\n250 x\r\n250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n")?;
        std::io::copy(&mut stream, &mut std::io::sink()).map(drop)
    });
    not_mailed(&office(server.port, &[]), "between STARTTLS and the protected connection");
}

/// The output has the secret before the server has answered, in every format.
#[test]
fn the_secret_is_printed_before_the_mail_is_sent() {
    for (format, ends) in [("table", "\n"), ("json", "\"mailed\": "), ("yaml", "mailed: "), ("csv", "\n")] {
        let folder = temp_folder();
        let out = folder.path().join("out");
        let at_connection = Arc::new(Mutex::new(String::new()));
        let server = Raw::start({
            let (out, at_connection) = (out.clone(), Arc::clone(&at_connection));
            move |_| {
                *at_connection.lock().unwrap() = std::fs::read_to_string(&out)?;
                Ok(())
            }
        });
        let tool = office(server.port, &["tls: none"]);
        let columns = if format == "csv" { " --columns secret" } else { "" };
        let ran = tool
            .sh(&format!("rolebook dropbox invite intake vendor@example.com -o {format}{columns} > {}", out.display()));
        assert_eq!(ran.status, 0, "{ran:#?}");
        let (before, after) = (at_connection.lock().unwrap().clone(), std::fs::read_to_string(&out).unwrap());
        assert!(before.ends_with(ends) && after.starts_with(&before), "{format}: {before:?}, then {after:?}");
        let secret =
            before.split(|it: char| !it.is_ascii_alphanumeric() && it != '-' && it != '_').find(|it| it.len() == 43);
        assert_eq!(submitted(&tool, secret.unwrap()), 0, "{format}: {before:?}");
        if format == "json" {
            assert_eq!(serde_json::from_str::<Value>(&after).unwrap()["mailed"], json!(false));
        }
    }
}

#[test]
fn invitations_to_an_organization_are_mailed() {
    let server = started(Greeting::Starttls);
    let tool = served_by(&server, &[TRUSTED]);
    tool.ok("org add acme --admin alice");
    let one = mailed(&tool, "org invite acme bob@example.com --role member -o json");
    let mail = server.only_mail();
    assert_eq!(mail.to, ["bob@example.com"]);
    assert_eq!(mail.subject, "Your invitation to the organization \"acme\"");
    assert!(mail.text.lines().any(|line| line == secret(&one)), "{mail:#?}");
    std::fs::write(tool.folder().join("secret"), secret(&one)).unwrap();
    tool.ok("org accept acme --secret secret --as bob");

    tool.ok("server set --url https://files.example.com");
    let two = mailed(&tool, "org invite acme carol@example.com zoe@example.com --role admin -o json");
    for (issued, mail) in two["secrets"].as_array().unwrap().iter().zip(&server.mails()[1..]) {
        let url = format!("https://files.example.com/org/acme/invitation#{}", secret(issued));
        assert_eq!((&issued["url"], &mail.to[0]), (&json!(url), &issued["email"].as_str().unwrap().to_owned()));
        assert!(mail.text.lines().any(|line| line == url) && mail.text.contains("as admin"), "{mail:#?}");
    }
    let ran = tool.run("org invite acme dan@example.com --role member --no-mail -o json");
    assert!(answer(&ran).get("mailed").is_none(), "{ran:#?}");
    assert_eq!(server.mails().len(), 3);
}

/// An unreachable server is tried once, and every address is named.
#[test]
fn each_invitation_that_was_not_mailed_is_named() {
    let tool = office(1, &[]);
    tool.ok("org add acme --admin alice");
    let ran = tool.run("org invite acme carol@example.com zoe@example.com --role admin -o json");
    let answer = answer(&ran);
    assert_eq!((&answer["mailed"], answer["warnings"].as_array().unwrap().len()), (&json!(false), 2), "{ran:#?}");
    for address in ["carol@example.com", "zoe@example.com"] {
        let warning = format!("the invitation was not mailed to `{address}`: the connection was refused");
        assert!(ran.err.contains(&warning), "{ran:#?}");
    }
}

#[test]
fn no_mail_sends_none() {
    let server = started(Greeting::Clear);
    let tool = office(server.port, &["tls: none"]);
    for verb in ["invite", "resend"] {
        let ran = tool.run(&format!("dropbox {verb} intake vendor@example.com --no-mail -o json"));
        let answer = answer(&ran);
        assert!(answer.get("mailed").is_none() && ran.err.is_empty(), "{ran:#?}");
        assert_eq!(submitted(&tool, secret(&answer)), 0);
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_dry_run_sends_no_mail_and_shows_no_secret() {
    let server = started(Greeting::Clear);
    let tool = office(server.port, &["tls: none"]);
    tool.ok("server set --url https://files.example.com");
    mailed(&tool, "dropbox invite intake other@example.com -o json");
    let revision = tool.revision();
    for line in [format!("{INVITE} --dry-run"), "dropbox resend intake other@example.com -o json --dry-run".to_owned()]
    {
        let answer = answer(&tool.run(&line));
        assert_eq!((&answer["dry_run"], &answer["revision"]), (&json!(true), &Value::Null));
        for field in ["mailed", "secret", "url"] {
            assert!(answer.get(field).is_none(), "{field} in {answer}");
        }
        for format in ["table", "csv"] {
            let ran = tool.run(&line.replace("json", format));
            assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{ran:#?}");
            assert!(!ran.out.contains("files.example.com") && !ran.out.contains("secret "), "{ran:#?}");
        }
    }
    assert_eq!((server.connections(), tool.revision()), (1, revision));
}

#[test]
fn a_refused_command_sends_no_mail() {
    let server = started(Greeting::Clear);
    let tool = office(server.port, &["tls: none"]);
    let _ = tool.fails(4, "dropbox invite intake vendor@example.com --as bob", "no such dropbox");
    tool.ok("dropbox add-member intake bob");
    let _ = tool.fails(3, "dropbox invite intake vendor@example.com --as bob", "invite");
    let _ = tool.fails(5, "dropbox invite intake bob@example.com", "is the address of an account");
    assert_eq!(server.connections(), 0);
}

#[test]
fn resending_mails_the_new_link() {
    let server = started(Greeting::Starttls);
    let tool = served_by(&server, &[TRUSTED]);
    let old = mailed(&tool, INVITE);
    let new = mailed(&tool, "dropbox resend intake VENDOR@example.com --expires 2099-01-01 -o json");
    let mails = server.mails();
    assert_eq!(mails.len(), 2, "{mails:#?}");
    assert!(mails[1].text.contains(secret(&new)) && !mails[1].text.contains(secret(&old)), "{mails:#?}");
    assert!(mails[1].text.contains("It works until 2099-01-01T00:00:00Z."), "{mails:#?}");
    assert_eq!((submitted(&tool, secret(&old)), submitted(&tool, secret(&new))), (3, 0));
    mailed(&tool, "dropbox resend intake vendor@example.com --never -o json");
    assert!(server.mails()[2].text.contains("It works until it is withdrawn."));
}

#[test]
fn claiming_mails_the_private_link_and_not_the_public_one() {
    let server = started(Greeting::Starttls);
    let tool = served_by(&server, &[TRUSTED]);
    tool.ok("server set --url https://files.example.com");
    let public = answer(&tool.run("dropbox public-link intake on -o json"));
    std::fs::write(tool.folder().join("public"), secret(&public)).unwrap();
    let claimed = mailed(&tool, "dropbox claim intake someone@example.com --link public -o json");
    let mail = server.only_mail();
    assert_eq!(mail.to, ["someone@example.com"]);
    assert!(mail.text.contains(claimed["url"].as_str().unwrap()), "{mail:#?}");
    assert!(mail.text.contains("It works until 20"), "{mail:#?}");
    assert!(!mail.text.contains(secret(&public)), "{mail:#?}");
    assert_eq!(submitted(&tool, secret(&claimed)), 0);

    let ran = tool.sh("echo wrong | rolebook dropbox claim intake other@example.com --link -");
    assert_eq!((ran.status, server.connections()), (3, 1), "{ran:#?}");
}

#[test]
fn the_mail_holds_the_whole_link() {
    let server = started(Greeting::Starttls);
    let tool = served_by(&server, &[TRUSTED]);
    tool.ok("server set --url https://files.example.com");
    tool.ok("dropbox rename intake 'Zürich \"A\"'");
    let answer = mailed(&tool, "dropbox invite 'Zürich \"A\"' vendor@example.com -o json");
    let url = format!("https://files.example.com/dropbox/Z%C3%BCrich%20%22A%22#{}", secret(&answer));
    assert_eq!(answer["url"], json!(url));
    let mail = server.only_mail();
    assert_eq!(mail.subject, "Your link to the dropbox \"Zürich \"A\"\"");
    // On a line of its own, so that the reader can follow it.
    assert!(mail.text.lines().any(|line| line == url), "{mail:#?}");
}

#[test]
fn a_bad_smtp_section_stops_the_command_and_repeats_no_password() {
    let tool = Tool::new();
    for (line, why) in [
        ("password: staple battery horse", "password"),
        ("user: rolebook", "`user` and `password-file` go together"),
        ("password-file: password", "`user` and `password-file` go together"),
        ("tls: maybe", "maybe"),
        ("port: 65536", "config.yaml:4:9: "),
        ("timeout: 0", "`timeout`"),
    ] {
        configure(&tool, &[line]);
        let ran = tool.fails(6, "dropbox invite intake vendor@example.com", why);
        assert!(ran.err.contains("config.yaml:") && !ran.err.contains(PASSWORD), "{ran:#?}");
    }
}

#[test]
fn an_address_is_quoted_where_a_shell_would_expand_it() {
    let server = started(Greeting::Clear);
    let tool = office(server.port, &["tls: none"]);
    mailed(&tool, "dropbox invite intake '$HOME@example.com' -o json");
    assert_eq!(server.only_mail().to, ["$HOME@example.com"]);
    let resend = "rolebook dropbox resend intake '$HOME@example.com'";
    let ran = tool.fails(5, "dropbox invite intake '$HOME@example.com'", "has an active link");
    assert!(ran.err.contains(&format!("  try: {resend}\n")), "{ran:#?}");
    assert_eq!(tool.sh(resend).status, 0);
    let ran = tool.fails(4, "dropbox resend intake '$USER@example.com'", "no such invitation");
    assert!(ran.err.contains("  try: rolebook dropbox invite intake '$USER@example.com'\n"), "{ran:#?}");
}

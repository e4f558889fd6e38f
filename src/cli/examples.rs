//! The examples of every command, in one place: they end its help and its manual page, and a test
//! runs each of them on the store that `examples/studio.sh` makes.

macro_rules! examples {
    ($($name:ident: $($line:literal)+;)*) => {
        $(pub(super) const $name: &str = concat!("Examples:", $("\n  ", $line,)+);)*
    };
}

examples! {
    TOP: "rolebook init" "rolebook account add frank --email frank@example.com" "rolebook perm explain bob send workgroup:color";
    INIT: "rolebook init" "rolebook init --store ./other.db";
    STATUS: "rolebook status" "rolebook status -o json";
    COMPLETIONS: "rolebook completions bash" "rolebook completions zsh";
    MAN: "rolebook man" "rolebook man workgroup-add" "rolebook man --folder ./man-pages";
    UNDO: "rolebook undo 13" "rolebook undo 13 --dry-run --as dana -o json";
    ACCOUNT: "rolebook account list" "rolebook account show bob";
    ACCOUNT_ADD: "rolebook account add frank --email frank@example.com" "rolebook account add grace --role manager --as alice --reason 'covers for dana'" "rolebook account add heidi --workgroup color --as carol";
    ACCOUNT_LIST: "rolebook account list" "rolebook account list --role admin -o json" "rolebook account list --columns ref,status --sort -status --no-headers";
    ACCOUNT_SHOW: "rolebook account show bob" "rolebook account show bob -o json";
    ACCOUNT_SET: "rolebook account set bob --send-external deny" "rolebook account set bob --expires 2027-06-30" "rolebook account edit bob --display-name 'Bob B.' --as bob";
    ACCOUNT_SET_ROLE: "rolebook account set-role bob manager --as alice --reason 'covers for dana'" "rolebook account set-role bob user --dry-run";
    ACCOUNT_DEACTIVATE: "rolebook account deactivate bob" "rolebook account activate bob --as alice";
    ACCOUNT_REMOVE: "rolebook account remove bob" "rolebook account remove bob --destroy --yes" "rolebook account remove alice --destroy --transfer-to dana --yes";
    GROUP: "rolebook group list" "rolebook group members editors --expand";
    GROUP_ADD: "rolebook group add interns" "rolebook group add interns --as dana --dry-run";
    GROUP_LIST: "rolebook group list" "rolebook group list -o jsonl";
    GROUP_SHOW: "rolebook group show editors" "rolebook group show editors -o yaml";
    GROUP_RENAME: "rolebook group rename editors cutters" "rolebook group rename editors Editors --as dana";
    GROUP_REMOVE: "rolebook group remove editors --dry-run" "rolebook group remove editors --yes";
    GROUP_ADD_MEMBER: "rolebook group add-member editors carol" "rolebook group add-member editors carol group:night-shift --as alice";
    GROUP_REMOVE_MEMBER: "rolebook group remove-member editors bob" "rolebook group remove-member editors bob --reason 'left the team'";
    GROUP_MEMBERS: "rolebook group members editors" "rolebook group members editors --expand -o csv";
    WORKGROUP: "rolebook workgroup list" "rolebook workgroup members color";
    WORKGROUP_ADD: "rolebook workgroup add sound --send members --member-access all" "rolebook workgroup add sound --send anyone --admins-manage-members --as dana";
    WORKGROUP_LIST: "rolebook workgroup list" "rolebook workgroup list --as bob -o json";
    WORKGROUP_SHOW: "rolebook workgroup show color" "rolebook workgroup show color -o json";
    WORKGROUP_SET: "rolebook workgroup set color --send anyone" "rolebook workgroup set color --admins-create-users=false --as dana";
    WORKGROUP_RENAME: "rolebook workgroup rename color grading" "rolebook workgroup rename color Color --as alice";
    WORKGROUP_REMOVE: "rolebook workgroup remove dailies --dry-run" "rolebook workgroup remove dailies --yes";
    WORKGROUP_ADD_MEMBER: "rolebook workgroup add-member color eve" "rolebook workgroup add-member dailies bob carol group:editors --as dana";
    WORKGROUP_REMOVE_MEMBER: "rolebook workgroup remove-member color bob" "rolebook workgroup remove-member color bob --as carol";
    WORKGROUP_DEACTIVATE_MEMBER: "rolebook workgroup deactivate-member color bob" "rolebook workgroup deactivate-member color bob --as carol";
    WORKGROUP_ACTIVATE_MEMBER: "rolebook workgroup activate-member color bob" "rolebook workgroup activate-member color bob --as carol";
    WORKGROUP_MEMBERS: "rolebook workgroup members color" "rolebook workgroup members dailies --expand --at 2027-01-01";
    WORKGROUP_ADD_ADMIN: "rolebook workgroup add-admin color bob" "rolebook workgroup add-admin color bob --as dana --reason 'second shift'";
    WORKGROUP_REMOVE_ADMIN: "rolebook workgroup remove-admin color carol" "rolebook workgroup remove-admin color carol --dry-run";
    DROPBOX: "rolebook dropbox list" "rolebook dropbox invites intake";
    DROPBOX_ADD: "rolebook dropbox add scans" "rolebook dropbox add scans --members-invite --as dana";
    DROPBOX_LIST: "rolebook dropbox list" "rolebook dropbox list -o tsv";
    DROPBOX_SHOW: "rolebook dropbox show intake" "rolebook dropbox show intake -o json";
    DROPBOX_SET: "rolebook dropbox set intake --members-invite" "rolebook dropbox set intake --admins-manage-invitations=false --as alice";
    DROPBOX_RENAME: "rolebook dropbox rename intake inbox" "rolebook dropbox rename intake Intake --as dana";
    DROPBOX_REMOVE: "rolebook dropbox remove intake --dry-run" "rolebook dropbox remove intake --yes";
    DROPBOX_ADD_MEMBER: "rolebook dropbox add-member intake bob" "rolebook dropbox add-member intake dana --level submit-only --as alice";
    DROPBOX_REMOVE_MEMBER: "rolebook dropbox remove-member intake eve" "rolebook dropbox remove-member intake eve --as dana";
    DROPBOX_DEACTIVATE_MEMBER: "rolebook dropbox deactivate-member intake eve" "rolebook dropbox deactivate-member intake eve --dry-run";
    DROPBOX_ACTIVATE_MEMBER: "rolebook dropbox activate-member intake eve" "rolebook dropbox activate-member intake eve --as alice";
    DROPBOX_MEMBERS: "rolebook dropbox members intake" "rolebook dropbox members intake --expand -o json";
    DROPBOX_ADD_ADMIN: "rolebook dropbox add-admin intake eve" "rolebook dropbox add-admin intake eve --as dana";
    DROPBOX_REMOVE_ADMIN: "rolebook dropbox remove-admin intake carol" "rolebook dropbox remove-admin intake carol --as alice";
    DROPBOX_INVITE: "rolebook dropbox invite intake someone@example.com --expires 7d --after-one-upload" "rolebook dropbox invite intake someone@example.com --never --as carol -o json";
    DROPBOX_INVITES: "rolebook dropbox invites intake" "rolebook dropbox invites intake -o csv";
    DROPBOX_RESEND: "rolebook dropbox resend intake vendor@example.com" "rolebook dropbox resend intake vendor@example.com --expires 1d --as carol";
    DROPBOX_REVOKE: "rolebook dropbox revoke intake vendor@example.com" "rolebook dropbox revoke intake vendor@example.com --as carol --reason 'contract ended'";
    DROPBOX_PUBLIC_LINK: "rolebook dropbox public-link intake on" "rolebook dropbox public-link intake off --revoke-issued --as dana";
    DROPBOX_CLAIM: "rolebook dropbox claim intake someone@example.com --link - < public-link.txt" "rolebook dropbox claim intake someone@example.com --link public-link.txt -o json";
    DROPBOX_SUBMIT: "rolebook dropbox submit intake --title 'Reel 3' --file reel3.mov:123456789 --as eve" "rolebook dropbox submit intake --link - --title 'Reel 3' --file reel3.mov:123456789 < link.txt";
    PACKAGE: "rolebook package list" "rolebook package list --to workgroup:color";
    PACKAGE_SEND: "rolebook package send --title Dailies --to workgroup:color --to bob --file day01.mov:734003200 --as carol" "rolebook package send --title Notes --to dana --as bob --dry-run";
    PACKAGE_FORWARD: "rolebook package forward 46 --to dana --as bob" "rolebook package forward package:46 --to dana --title 'For you too' --as carol";
    PACKAGE_LIST: "rolebook package list" "rolebook package list --as bob -o json" "rolebook package list --from carol";
    PACKAGE_SHOW: "rolebook package show 46" "rolebook package show 46 --as bob -o json";
    SERVER: "rolebook server show" "rolebook server set --public-links allow";
    SERVER_SHOW: "rolebook server show" "rolebook server show --at 1";
    SERVER_SET: "rolebook server set --public-links allow --private-directory" "rolebook server set --send-external allow --url https://files.example.com --as alice";
    ROLE: "rolebook role list" "rolebook role show workgroup:admin";
    ROLE_LIST: "rolebook role list" "rolebook role list -o json";
    ROLE_SHOW: "rolebook role show workgroup:admin" "rolebook role show server:manager --columns actions,when";
    PERM: "rolebook perm check bob send workgroup:color" "rolebook perm explain eve view-packages dropbox:intake";
    PERM_CHECK: "rolebook perm check bob send workgroup:color" "rolebook perm check invitee:vendor@example.com submit dropbox:intake -o json" "rolebook perm check bob view-packages workgroup:color --at 2027-01-01";
    PERM_EXPLAIN: "rolebook perm explain eve view-packages dropbox:intake" "rolebook perm explain bob set-role=admin user:eve" "rolebook perm explain bob send workgroup:color --at 20";
    AUDIT: "rolebook audit log" "rolebook audit verify";
    AUDIT_LOG: "rolebook audit log --limit 5" "rolebook audit log --on workgroup:color -o jsonl" "rolebook audit log --actor alice --denied";
    AUDIT_SHOW: "rolebook audit show 3" "rolebook audit show 3 -o json";
    AUDIT_VERIFY: "rolebook audit verify" "rolebook audit verify -o json";
}

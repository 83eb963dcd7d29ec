package remote

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/admin"
)

// Command is what the table says of a command that is a verb.
type Command struct {
	Path  string                  // its words, without the program's
	Verbs []admin.Verb            // whoever runs it from elsewhere must be allowed all of them
	Flags map[string][]admin.Verb // and these when a flag is given
	Files []string                // flags that name a file, which is sent along
	Draft bool                    // the file is an access.yaml, with what it refers to
	Local map[string]string       // flags that cannot be given from elsewhere, and what to do
	Why   string                  // it runs beside the database alone, and why; "": also from elsewhere
}

// may makes a Command that a server runs for others.
func may(path string, verbs ...admin.Verb) Command { return Command{Path: path, Verbs: verbs} }

// beside makes a Command that runs beside the database alone.
func beside(path, why string) Command { return Command{Path: path, Why: why} }

const (
	wayIn = "a break-glass admin is the way in when nothing else works, and nothing that can be stolen elsewhere may make one"
	files = "it reads a file row by row for longer than a request may take; from elsewhere people are pushed by SCIM"
	keys  = "it changes by which keys the database is read"
)

// files are flags that name files.
func (c Command) files(flags ...string) Command {
	c.Files = flags
	return c
}

// and says that a flag needs more.
func (c Command) and(flag string, verbs ...admin.Verb) Command {
	if c.Flags == nil {
		c.Flags = make(map[string][]admin.Verb)
	}
	c.Flags[flag] = verbs
	return c
}

// local says that a flag cannot be given from elsewhere.
func (c Command) local(flag, instead string) Command {
	c.Local = map[string]string{flag: instead}
	return c
}

// draft says that the command reads an access.yaml.
func (c Command) draft() Command {
	c.Draft = true
	return c.files("file")
}

// Commands is the table: each verb of the command line once.
var Commands = []Command{
	may("status", admin.AttentionRead).local("watch", "run it again and again, e.g. by watch(1)"),
	may("retry", admin.AccountRetry).and("adopt", admin.AccountAdopt),
	may("task list", admin.AttentionRead),
	may("task done", admin.TaskDone),
	may("approval list", admin.AttentionRead),
	may("approval approve", admin.ApprovalDecide),
	may("approval refuse", admin.ApprovalDecide),
	may("second-admin list", admin.HoldsRead),
	may("second-admin withdraw", admin.HoldReject),
	may("step list", admin.AttentionRead),
	may("alarm list", admin.SettingsRead),
	may("alarm deliveries", admin.SettingsRead),
	may("alarm add", admin.AlarmChange),
	may("alarm remove", admin.AlarmChange),
	may("alarm test", admin.AlarmChange),
	may("alarm send-again", admin.AlarmChange),
	may("seat list", admin.DesksRead),
	may("seat idle", admin.DesksRead, admin.PeopleRead),
	may("seat ledger", admin.DesksRead, admin.AuditRead),
	may("seat free", admin.SeatChange),
	may("seat give-back", admin.SeatChange),
	may("adoption list", admin.DesksRead, admin.PeopleRead),
	may("adoption orphans", admin.DesksRead, admin.PeopleRead),
	may("adoption wave list", admin.DesksRead, admin.PeopleRead),
	may("adoption accept", admin.AccountAdopt),
	may("adoption undo", admin.AccountAdopt),

	may("person list", admin.PeopleRead),
	may("person show", admin.PeopleRead),
	may("person history", admin.PeopleRead, admin.AuditRead),
	may("person block", admin.PersonTerms),
	may("person unblock", admin.PersonTerms),
	may("person valid-until", admin.PersonTerms),
	may("person away", admin.PersonTerms),
	may("person back", admin.PersonTerms),
	may("person done", admin.PersonTerms),
	may("explain", admin.PeopleRead),
	may("forget", admin.PersonForget),
	may("group list", admin.GroupsRead),
	may("group show", admin.GroupsRead),
	may("access list", admin.AccountsRead),
	may("offboarding list", admin.PeopleRead, admin.AuditRead),
	may("offboarding show", admin.PeopleRead, admin.AuditRead),
	may("offboarding certificate", admin.AuditRead),
	beside("offboarding verify", "what it says must rest on nobody's word, a server's neither: with --certificate it needs none"),

	may("connection list", admin.ConnectionsRead),
	may("connection show", admin.ConnectionsRead),
	may("connection add", admin.ConnectionChange, admin.TokenCreate),
	may("connection set", admin.ConnectionChange).files("oidc-client-secret-file", "saml-metadata-file"),
	may("connection test", admin.ConnectionChange),
	may("connection remove", admin.ConnectionChange),
	may("connection setup-link", admin.SetupLinkCreate).and("revoke", admin.SetupLinkRevoke),
	may("connection release", admin.HoldRelease),
	may("connection reject", admin.HoldReject),
	may("domain list", admin.ConnectionsRead),
	may("domain add", admin.ConnectionChange),
	may("domain verify", admin.ConnectionChange),
	may("domain remove", admin.ConnectionChange),
	may("token list", admin.TokensRead),
	may("token show", admin.TokensRead),
	may("token create", admin.TokenCreate),
	may("token rotate", admin.TokenRotate),
	may("token revoke", admin.TokenRevoke),

	may("desk list", admin.DesksRead),
	may("desk show", admin.DesksRead),
	may("desk check", admin.DesksRead).and("accept", admin.DeskChange),
	may("desk add", admin.DeskChange).files("secret-file", "oidc-client-secret-file", "saml-certificate-file").local("secret-env", "give --secret-file"),
	may("desk remove", admin.DeskChange),
	may("desk sweep", admin.DeskChange),
	may("desk pause", admin.DeskChange),
	may("desk resume", admin.DeskChange),
	may("desk app", admin.DeskChange, admin.TokenCreate),
	may("desk app create", admin.DeskChange, admin.TokenCreate),
	may("desk app list", admin.DesksRead),
	may("desk app remove", admin.DeskChange, admin.TokenRevoke),

	may("rule list", admin.RulesRead),
	may("rule add", admin.PlanApply),
	may("rule remove", admin.PlanApply),
	may("plan", admin.PlanDraft).draft(),
	may("apply", admin.PlanApply).draft().and("expect-losses", admin.HoldRelease),
	may("export", admin.ConnectionsRead, admin.DesksRead, admin.RulesRead),

	may("request list", admin.RequestsRead),
	may("audit export", admin.AuditRead),
	may("audit verify", admin.AuditRead),
	may("session list", admin.SessionsRead),
	may("session revoke", admin.PersonOut, admin.SessionEnd),
	may("session unlink", admin.ConnectionChange),

	may("api-token list", admin.APITokensRead),
	may("api-token add", admin.APITokenCreate),
	may("api-token revoke", admin.APITokenRevoke),
	may("admin list", admin.AdminsRead),
	may("admin grant", admin.AdminGrant),
	may("admin revoke", admin.AdminRevoke),
	beside("admin add", wayIn),
	beside("admin remove", wayIn),
	beside("key list", keys),
	beside("key rotate", keys),
	beside("key retire", keys),
	beside("import people", files),
	beside("import groups", files),
	beside("import rules", files),
	beside("migrate", "a server that runs has migrated its database"),
}

// pathOf returns the words of a command, without the program's.
func pathOf(cmd *cobra.Command) string {
	_, path, _ := strings.Cut(cmd.CommandPath(), " ")
	return path
}

// find returns what the table says of the command with these words.
func find(path string) (Command, bool) {
	i := slices.IndexFunc(Commands, func(c Command) bool { return c.Path == path })
	if i < 0 {
		return Command{}, false
	}
	return Commands[i], true
}

// address returns the words of a command as an address has them.
func (c Command) address() string { return strings.ReplaceAll(c.Path, " ", "-") }

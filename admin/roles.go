package admin

import (
	"slices"

	"github.com/deskbridge/deskbridge/internal/spelling"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/administration"
)

// Verb is something that somebody may do here.
type Verb string

// The verbs. What each means, [Rules] says.
const (
	AttentionRead Verb = "attention.read"
	PeopleRead    Verb = "people.read"
	PersonOut     Verb = "person.out"
	PersonForget  Verb = "person.forget"
	PersonTerms   Verb = "person.terms"
	AccountsRead  Verb = "accounts.read"
	AccountRetry  Verb = "account.retry"
	AccountAdopt  Verb = "account.adopt"
	GroupsRead    Verb = "groups.read"

	ConnectionsRead  Verb = "connections.read"
	ConnectionChange Verb = "connection.change"
	DesksRead        Verb = "desks.read"
	DeskChange       Verb = "desk.change"
	SeatChange       Verb = "seat.change"
	DriftRead        Verb = "drift.read"
	RulesRead        Verb = "rules.read"
	PlanDraft        Verb = "plan.draft"
	PlanApply        Verb = "plan.apply"

	HoldsRead   Verb = "holds.read"
	HoldRelease Verb = "hold.release"
	HoldReject  Verb = "hold.reject"

	RequestsRead Verb = "requests.read"
	AuditRead    Verb = "audit.read"
	EventsRead   Verb = "events.read"
	SessionsRead Verb = "sessions.read"
	SessionEnd   Verb = "session.end"
	SettingsRead Verb = "settings.read"

	SetupLinkCreate Verb = "setup-link.create"
	SetupLinkRevoke Verb = "setup-link.revoke"

	TokensRead     Verb = "tokens.read"
	TokenCreate    Verb = "token.create"
	TokenRotate    Verb = "token.rotate"
	TokenRevoke    Verb = "token.revoke"
	APITokensRead  Verb = "api-tokens.read"
	APITokenCreate Verb = "api-token.create"
	APITokenRevoke Verb = "api-token.revoke"
	AdminsRead     Verb = "admins.read"
	AdminGrant     Verb = "admin.grant"
	AdminRevoke    Verb = "admin.revoke"
	CommandLineUse Verb = "command-line.use"

	ApprovalDecide Verb = "approval.decide"
	TaskDone       Verb = "task.done"
	AlarmChange    Verb = "alarm.change"
)

// Rule is what the table says of one verb.
type Rule struct {
	Verb  Verb
	Roles []administration.Role // who may
	// Changes says that it changes something: it needs a request that is no GET, and
	// is entered in the audit log.
	Changes bool
	// StepUp says that somebody at a browser must have signed in within [FreshFor],
	// and that a token must name the verb.
	StepUp bool
	// BrowserOnly says that no token may: a token that makes tokens, or gives roles,
	// would never end.
	BrowserOnly bool
	Means       string // for people
}

// Who reads what: everybody but mailbox managers, who see what they map.
var (
	readers  = []administration.Role{administration.Owner, administration.Admin, administration.Operator, administration.Auditor}
	mappers  = []administration.Role{administration.Owner, administration.Admin, administration.Operator, administration.Auditor, administration.MailboxManager}
	daily    = []administration.Role{administration.Owner, administration.Admin, administration.Operator}
	admins   = []administration.Role{administration.Owner, administration.Admin}
	changers = []administration.Role{administration.Owner, administration.Admin, administration.MailboxManager}
	owners   = []administration.Role{administration.Owner}
)

// Rules is who may do what, the one place that says so: for the console and for
// the admin API. What a mailbox manager may is within their reach.
var Rules = []Rule{
	{Verb: AttentionRead, Roles: readers, Means: "see what needs somebody"},
	{Verb: PeopleRead, Roles: readers, Means: "see people, what they have and why"},
	{Verb: PersonOut, Roles: daily, Changes: true, Means: "end the sessions of a person, everywhere"},
	{Verb: PersonForget, Roles: admins, Changes: true, StepUp: true, Means: "erase what is known of a removed person"},
	{Verb: PersonTerms, Roles: daily, Changes: true, Means: "block somebody, say when they leave and when they are away, and free the seat of whoever is idle"},
	{Verb: AccountsRead, Roles: readers, Means: "see the accounts of a desk"},
	{Verb: AccountRetry, Roles: daily, Changes: true, Means: "sync an account again"},
	{Verb: AccountAdopt, Roles: daily, Changes: true, Means: "agree to adopt a desk user"},
	{Verb: GroupsRead, Roles: mappers, Means: "see groups, and who is in them"},

	{Verb: ConnectionsRead, Roles: readers, Means: "see connections, and when they last pushed"},
	{Verb: ConnectionChange, Roles: admins, Changes: true, Means: "add, change, pause and remove connections"},
	{Verb: DesksRead, Roles: mappers, Means: "see desks, their seats and how they are"},
	{Verb: DeskChange, Roles: admins, Changes: true, Means: "add, change, pause and remove desks"},
	{Verb: SeatChange, Roles: admins, Changes: true, Means: "take the seats of people who do not use them, and give them back"},
	{Verb: DriftRead, Roles: readers, Means: "see what was changed on desks by hand"},
	{Verb: RulesRead, Roles: mappers, Means: "see rules"},
	{Verb: PlanDraft, Roles: changers, Means: "see what a draft would change"},
	{Verb: PlanApply, Roles: changers, Changes: true, Means: "apply a plan"},

	{Verb: HoldsRead, Roles: readers, Means: "see what mass-change protection holds"},
	{Verb: HoldRelease, Roles: admins, Changes: true, StepUp: true, Means: "have access end that is on hold"},
	{Verb: HoldReject, Roles: daily, Changes: true, Means: "have people keep access whose end is on hold"},

	{Verb: ApprovalDecide, Roles: admins, Changes: true, StepUp: true, Means: "approve or refuse what cannot be undone on a desk"},
	{Verb: AlarmChange, Roles: admins, Changes: true, Means: "say who is told of what needs somebody"},
	{Verb: TaskDone, Roles: daily, Changes: true, Means: "say that what had to be done by hand is done"},

	{Verb: RequestsRead, Roles: readers, Means: "see what identity providers asked and were answered"},
	{Verb: AuditRead, Roles: readers, Means: "read the audit log"},
	{Verb: EventsRead, Roles: readers, Means: "follow the audit log as it grows"},
	{Verb: SessionsRead, Roles: readers, Means: "see who is signed in"},
	{Verb: SessionEnd, Roles: daily, Changes: true, Means: "end a session"},
	{Verb: SettingsRead, Roles: readers, Means: "see the settings of the server, and who is told of what needs somebody"},

	{Verb: TokensRead, Roles: readers, Means: "see the tokens of identity providers, without their secrets"},
	{Verb: TokenCreate, Roles: admins, Changes: true, StepUp: true, Means: "make a token for an identity provider"},
	{Verb: TokenRotate, Roles: admins, Changes: true, StepUp: true, Means: "rotate a token of an identity provider"},
	{Verb: TokenRevoke, Roles: admins, Changes: true, StepUp: true, Means: "revoke a token of an identity provider"},
	{Verb: SetupLinkCreate, Roles: admins, Changes: true, StepUp: true, BrowserOnly: true, Means: "make a link by which somebody else's IT sets up a connection"},
	{Verb: SetupLinkRevoke, Roles: admins, Changes: true, Means: "revoke a set-up link"},
	{Verb: APITokensRead, Roles: readers, Means: "see the tokens of the admin API, without their secrets"},
	{Verb: APITokenCreate, Roles: admins, Changes: true, StepUp: true, BrowserOnly: true, Means: "make a token of the admin API"},
	{Verb: APITokenRevoke, Roles: admins, Changes: true, StepUp: true, Means: "revoke a token of the admin API"},
	{Verb: AdminsRead, Roles: readers, Means: "see who has which role here"},
	{Verb: AdminGrant, Roles: owners, Changes: true, StepUp: true, BrowserOnly: true, Means: "give a group a role here"},
	{Verb: AdminRevoke, Roles: owners, Changes: true, StepUp: true, BrowserOnly: true, Means: "take the role of a group away"},
	{Verb: CommandLineUse, Roles: daily, Changes: true, StepUp: true, BrowserOnly: true, Means: "let a command line act in their name"},
}

// RuleOf returns what the table says of a verb; false when it says nothing:
// nobody may do that.
func RuleOf(v Verb) (Rule, bool) {
	i := slices.IndexFunc(Rules, func(r Rule) bool { return r.Verb == v })
	if i < 0 {
		return Rule{}, false
	}
	return Rules[i], true
}

// For reports whether a role may.
func (r Rule) For(role administration.Role) bool { return slices.Contains(r.Roles, role) }

// WithMore returns the verbs of a token that may all that a role may without a fresh
// sign-in, and more; none when there is no more, which means the same.
func WithMore(role administration.Role, more []string) []string {
	if len(more) == 0 {
		return nil
	}
	verbs := slices.Clone(more)
	for _, r := range Rules {
		if r.For(role) && !r.StepUp && !r.BrowserOnly {
			verbs = append(verbs, string(r.Verb))
		}
	}
	return verbs
}

// CheckVerbs returns an Invalid error unless names are verbs that a token of a
// role may have.
func CheckVerbs(role administration.Role, names []string) error {
	for _, name := range names {
		rule, ok := RuleOf(Verb(name))
		switch {
		case !ok:
			return provision.Errorf(provision.Invalid, "verbs", "there is no verb %q%s", provision.Clip(name), closest(name))
		case rule.BrowserOnly:
			return provision.Errorf(provision.Invalid, "verbs", "no token may %s (%s): that needs somebody at a browser", rule.Means, name)
		case !slices.Contains(rule.Roles, role):
			return provision.Errorf(provision.Invalid, "verbs", "the role %s may not %s (%s)", role, rule.Means, name)
		}
	}
	return nil
}

func closest(name string) string {
	verbs := make([]string, len(Rules))
	for i, r := range Rules {
		verbs[i] = string(r.Verb)
	}
	if near := spelling.Closest(name, verbs); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}

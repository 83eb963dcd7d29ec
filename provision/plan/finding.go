package plan

import (
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/provision/secondadmin"
	"github.com/deskbridge/deskbridge/provision/settings"
)

// FindingCode says, for programs, what a [Finding] is about.
type FindingCode string

// What somebody has to see to, of connections, desks and rules as a whole.
const (
	FindingNoServer      FindingCode = "no-server"       // nothing is synced: no server is running
	FindingNoConnection  FindingCode = "no-connection"   // no identity provider can push anything
	FindingNoToken       FindingCode = "no-token"        // a connection has no token that is accepted
	FindingNeverUsed     FindingCode = "never-used"      // no request of the identity provider has ever come
	FindingSilent        FindingCode = "silent"          // none has come for longer than [Service.SilentAfter]
	FindingToken         FindingCode = "token"           // one that expired, expires, or is not used
	FindingGroups        FindingCode = "groups"          // rules name groups that were never pushed
	FindingSignIn        FindingCode = "sign-in"         // people cannot sign in, or soon cannot
	FindingDeskRefuses   FindingCode = "desk-refuses"    // a desk refuses our credentials
	FindingDeskPaused    FindingCode = "desk-paused"     // a desk is down, or does not answer as it should
	FindingDeskStopped   FindingCode = "desk-stopped"    // an admin has a desk not be called
	FindingDeskSignIn    FindingCode = "desk-sign-in"    // people cannot sign in at a desk, or soon cannot
	FindingHandOver      FindingCode = "hand-over"       // nobody takes over leavers' conversations
	FindingUnits         FindingCode = "units"           // a desk has renamed or replaced a team or mailbox that rules name
	FindingRules         FindingCode = "rules"           // a desk can never do what a rule says
	FindingSweep         FindingCode = "sweep"           // the last sweep of a desk was not completed
	FindingDrift         FindingCode = "drift"           // accounts were changed on a desk by hand, and are not repaired
	FindingLeavers       FindingCode = "leavers"         // somebody who left has been in for too long
	FindingApproval      FindingCode = "approval"        // what cannot be undone on a desk waits for an admin
	FindingSecondAdmin   FindingCode = "second-admin"    // what one admin has asked for waits for another
	FindingByHand        FindingCode = "by-hand"         // a desk cannot be told of an absence, or of its end
	FindingEnds          FindingCode = "ends"            // somebody's access, or a rule, ends by itself soon
	FindingSignInExpiry  FindingCode = "sign-in-expiry"  // sign-ins of people known by nothing else expire soon, or would
	FindingSignInRecheck FindingCode = "sign-in-recheck" // an identity provider cannot be asked whether it still vouches for people
	FindingNeedAttention FindingCode = "need-attention"  // accounts need attention or are on hold
	FindingIdle          FindingCode = "idle"            // people do not use their seat on a desk, and its policy leaves them to an admin
)

const (
	// silentAfter is how long an identity provider may be silent, unless
	// [Service.SilentAfter] says otherwise: over a long weekend nothing changes in
	// a small company.
	silentAfter = 3 * 24 * time.Hour
	// endsSoon is how long before its end a certificate is told of.
	endsSoon = 30 * 24 * time.Hour
	// pauseLate is how long a desk may be paused before somebody should look:
	// one that restarts, or asks to be left alone for a moment, needs nobody.
	pauseLate = time.Minute
	// serverLate is how old the last sign of life of a server may be.
	serverLate = time.Minute
)

// Finding is something that somebody has to see to. While there is none, nobody
// has to do anything.
type Finding struct {
	Code       FindingCode
	Connection string // name; "" when it is about none
	Desk       string // name; "" when it is about none
	Token      string // name; of [FindingToken]
	Groups     []string
	At         *time.Time // since when, or when something ends; nil: not known
	Count      int        // of accounts or runs; 0: it is about none
	Text       string     // what is wrong, in plain words, with names of connections and desks
	Outside    string     // the same without names and addresses of people; "": Text has none
	Do         string     // what to do about it; may be empty; it names people by their ids
}

// Told is what is said outside of here, where nobody knows who reads it: in mails, and
// by webhooks.
func (f *Finding) Told() string { return cmp.Or(f.Outside, f.Text) }

// findings returns what somebody has to see to, of o and of what stands behind
// it. What concerns most comes first.
func (s *Service) findings(ctx context.Context, o *Overview) (out []Finding, _ error) {
	beat, err := s.store.LastHeartbeat(ctx)
	if err != nil {
		return nil, err
	}
	if o.At.Sub(beat) > serverLate {
		out = append(out, noServer(beat))
	}
	if !slices.ContainsFunc(o.Connections, func(c ConnectionOverview) bool { return c.Connection.Removal == provision.RemovalNone }) {
		out = append(out, Finding{Code: FindingNoConnection, Text: "There is no connection: no identity provider can push anything.", Do: "`deskbridge connection add NAME --idp okta`"})
	}
	rules, err := s.store.Rules(ctx, "")
	if err != nil {
		return nil, err
	}
	for _, c := range o.Connections {
		out = append(out, s.ofConnection(ctx, c, rules, o.At)...)
		signIns, err := s.ofSignIns(ctx, c.Connection)
		if err != nil {
			return nil, err
		}
		out = append(out, signIns...)
	}
	desks, err := s.ofDesks(ctx, o)
	if err != nil {
		return nil, err
	}
	units, err := s.ofUnits(ctx, o.Desks)
	if err != nil {
		return nil, err
	}
	if o.Terms, err = termed(ctx, s.store, o.At); err != nil {
		return nil, err
	}
	byHand, err := ofByHand(ctx, s.store, o.Desks)
	if err != nil {
		return nil, err
	}
	approvals, err := ofApprovals(ctx, s.store, o.Desks)
	asked, failed := secondadmin.Open(ctx, s.store, o.At)
	if err = cmp.Or(err, failed); err != nil {
		return nil, err
	}
	for _, r := range asked {
		byHand = append(byHand, Finding{Code: FindingSecondAdmin, At: &r.AskedAt, Count: r.Accounts, Text: r.Told(r.Who()), Outside: r.Told("an admin"), Do: r.Do()})
	}
	idle, err := ofIdle(ctx, s.store, o.Desks)
	byHand = slices.Concat(byHand, approvals, idle)
	return slices.Concat(out, desks, units, ofEnds(o.Terms, byHand, rules, o), ofRules(s.settings, o.Desks, rules)), err
}

// ofRules returns the rules that their desks can never follow, which they could when
// they were made, as far as connectors know without asking the desk.
func ofRules(checks *settings.Service, desks []DeskOverview, rules []provision.Rule) (out []Finding) {
	for _, d := range desks {
		for _, r := range rules {
			if r.Desk != d.Desk.ID {
				continue
			}
			if _, err := checks.CheckRule(d.Desk, r); err != nil {
				out = append(out, Finding{Code: FindingRules, Desk: d.Desk.Name, Text: fmt.Sprintf("Desk %s cannot follow a rule: %s.", d.Desk.Name, settings.Detail(err)),
					Do: "correct the rule in access.yaml, and apply, or `deskbridge rule remove " + string(r.ID) + "`"})
			}
		}
	}
	return out
}

func noServer(beat time.Time) Finding {
	f := Finding{Code: FindingNoServer, Text: "No server has run on this database yet: nothing is synced, and identity providers get no answer.", Do: "`deskbridge serve`"}
	if beat.After(time.Unix(0, 0)) {
		f.At, f.Text = &beat, "No server is running on this database: nothing is synced, and identity providers get no answer."
	}
	return f
}

func (s *Service) ofConnection(ctx context.Context, c ConnectionOverview, rules []provision.Rule, now time.Time) (out []Finding) {
	if c.Connection.Removal != provision.RemovalNone {
		return nil // nobody pushes or signs in through it; who is still in is seen at the desks
	}
	name := c.Connection.Name
	if f, ok := s.reachable(c, now); ok {
		out = append(out, f)
	}
	for _, t := range c.Tokens {
		if f, ok := ofToken(name, t, c.Tokens, now); ok {
			out = append(out, f)
		}
	}
	if c.LastUsedAt != nil { // else none can have been
		if groups := unbound(c.Connection.ID, rules); len(groups) > 0 {
			out = append(out, Finding{Code: FindingGroups, Connection: name, Groups: groups,
				Text: fmt.Sprintf("Rules name groups that %s has never pushed: %s.", name, few(groups)),
				Do:   "assign the group to the app at the identity provider, or correct the name in the rule; `deskbridge rule list`"})
		}
	}
	for _, w := range s.settings.SignInWarnings(ctx, c.Connection) {
		out = append(out, Finding{Code: FindingSignIn, Connection: name, At: w.EndsAt, Text: fmt.Sprintf("Sign-in through %s: %s.", name, strings.TrimSuffix(w.Text, ".")),
			Do: fmt.Sprintf("`deskbridge connection test %s`", name)})
	}
	return out
}

// reachable returns what keeps the identity provider of a connection from
// pushing, or that it does not. A connection that is for signing in alone needs
// no token; of signed tokens no use is noted.
func (s *Service) reachable(c ConnectionOverview, now time.Time) (Finding, bool) {
	name := c.Connection.Name
	signsIn := !c.Connection.SignIn.Disabled && (c.Connection.SignIn.SAML != nil || c.Connection.SignIn.OIDC != nil)
	limit := cmp.Or(s.SilentAfter, silentAfter)
	switch {
	case c.LastUsedAt == nil && signsIn:
		return Finding{}, false
	case c.UsableTokens(now) == 0 && c.Connection.JWT == nil:
		return Finding{Code: FindingNoToken, Connection: name, At: c.LastUsedAt, Text: fmt.Sprintf("Connection %s has no token that is accepted: everything the identity provider pushes is refused.", name),
			Do: fmt.Sprintf("`deskbridge token create %s NAME`, and enter it at the identity provider", name)}, true
	case c.LastUsedAt == nil && c.Connection.JWT == nil:
		return Finding{Code: FindingNeverUsed, Connection: name, At: &c.Connection.CreatedAt, Text: fmt.Sprintf("The identity provider of %s has never sent a request with a token that is accepted.", name),
			Do: "enter the SCIM URL and the token there, and switch provisioning on; docs/idps shows where"}, true
	case c.LastUsedAt != nil && c.Connection.JWT == nil && limit > 0 && now.Sub(*c.LastUsedAt) > limit:
		return Finding{Code: FindingSilent, Connection: name, At: c.LastUsedAt, Text: fmt.Sprintf("The identity provider of %s has been silent for %s: nobody who joins or leaves there is heard of.", name, age(now.Sub(*c.LastUsedAt))),
			Do: "look at its provisioning log: it may be switched off, in quarantine, or use an old token"}, true
	}
	return Finding{}, false
}

// ofToken returns what has to be done about a token; false when nothing has.
func ofToken(conn string, t credential.Token, all []credential.Token, now time.Time) (Finding, bool) {
	f := Finding{Code: FindingToken, Connection: conn, Token: t.Name, At: t.ExpiresAt}
	switch t.State(now) {
	case credential.TokenExpired:
		f.Text, f.Do = "has expired", fmt.Sprintf("`deskbridge token rotate %s %s` makes a new secret", conn, t.Name)
	case credential.TokenExpiring:
		f.Text, f.Do = "expires within 30 days", fmt.Sprintf("`deskbridge token rotate %s %s` replaces it without a gap", conn, t.Name)
	case credential.TokenUnused:
		f.At, f.Text, f.Do = t.LastUsedAt, "was not used for 30 days", fmt.Sprintf("if nobody needs it: `deskbridge token revoke %s %s`", conn, t.Name)
	case credential.TokenReplaced:
		entered := func(n credential.Token) bool {
			return n.Name == t.Name && n.RevokedAt == nil && n.ReplacedAt == nil && n.LastUsedAt != nil
		}
		if slices.ContainsFunc(all, entered) {
			return f, false
		}
		f.Text, f.Do = "was replaced, and the new secret is not in use yet", "enter the new one at the identity provider before the old one ends"
	case credential.TokenActive, credential.TokenEnded:
		return f, false
	}
	f.Text = fmt.Sprintf("Token %s of %s %s.", t.Name, conn, f.Text)
	return f, true
}

// unbound returns the groups that rules of a connection name and that it has
// never pushed.
func unbound(conn provision.ConnectionID, rules []provision.Rule) (groups []string) {
	for _, r := range rules {
		if r.Connection == conn && r.Group != "" && r.GroupID == "" && !slices.Contains(groups, r.Group) {
			groups = append(groups, r.Group)
		}
	}
	slices.Sort(groups)
	return groups
}

func (s *Service) ofDesks(ctx context.Context, o *Overview) (out []Finding, _ error) {
	signsIn := func(d DeskOverview) bool { return d.Desk.SignIn.SAML != nil }
	var own time.Time // when our certificate ends, with which we sign for desks
	if slices.ContainsFunc(o.Desks, signsIn) {
		keys, err := s.settings.CurrentKeys(ctx, settings.KeyDesk)
		if err != nil {
			return nil, err
		}
		if len(keys) > 0 {
			if c, err := x509.ParseCertificate(keys[0].Certificate); err == nil {
				own = c.NotAfter
			}
		}
	}
	for _, d := range o.Desks {
		name := d.Desk.Name
		out = append(out, ofDesk(d, o.At)...)
		if !signsIn(d) {
			continue
		}
		if f, ok := ending(own, o.At); ok {
			f.Code, f.Desk, f.Text = FindingDeskSignIn, name, fmt.Sprintf("Our certificate, which desk %s checks sign-ins by, %s.", name, f.Text)
			f.Do = "`deskbridge key rotate desk`, and give the desk our new metadata"
			out = append(out, f)
		}
		theirs, err := d.Desk.SignIn.SAML.Certificates()
		if err != nil {
			out = append(out, Finding{Code: FindingDeskSignIn, Desk: name, Text: fmt.Sprintf("The certificate of desk %s for sign-in cannot be read.", name), Do: "correct `sign_in` of the desk"})
		}
		for _, c := range theirs {
			if f, ok := ending(c.NotAfter, o.At); ok {
				f.Code, f.Desk, f.Text = FindingDeskSignIn, name, fmt.Sprintf("The certificate of desk %s, which signs what it asks of us, %s.", name, f.Text)
				f.Do = "put its new one into `sign_in` of the desk"
				out = append(out, f)
			}
		}
	}
	return out, nil
}

// ending says that something ends soon, or has; false when it does not.
func ending(at, now time.Time) (Finding, bool) {
	switch left := at.Sub(now); {
	case at.IsZero() || left > endsSoon:
		return Finding{}, false
	case left <= 0:
		return Finding{At: &at, Text: "has expired"}, true
	default:
		return Finding{At: &at, Text: "expires in " + age(left)}, true
	}
}

func ofDesk(d DeskOverview, now time.Time) (out []Finding) {
	if d.Desk.Removal == provision.RemovalKeeping {
		return nil // it is called no more
	}
	name, h := d.Desk.Name, d.Health
	stays := "" // what else there is to do
	if d.Desk.Removal == provision.RemovalEnding {
		stays = fmt.Sprintf("; or `deskbridge desk remove %s --keep-access`, and what people have there stays", name)
	}
	note := func(code FindingCode, at *time.Time, count int, do, format string, args ...any) {
		out = append(out, Finding{Code: code, Desk: name, At: at, Count: count, Text: fmt.Sprintf(format, args...), Do: do + stays})
	}
	waiting := d.Accounts[provision.AccountWaiting]
	byHand := h.Pause != nil && h.PausedBy != ""
	switch p := h.Pause; {
	case byHand:
		text := fmt.Sprintf("Desk %s is paused by an admin until %s, and %s", name, provision.LastDay(p.Until), count(waiting, "account waits", "accounts wait"))
		if n := h.Leavers.Count; n > 0 {
			text += "; " + count(n, "leaver is", "leavers are") + " still in"
		}
		note(FindingDeskStopped, &p.Since, waiting, fmt.Sprintf("`deskbridge desk resume %s` when it may be called again; `deskbridge status` has the reason, and names who is still in", name), "%s.", text)
	case p != nil && p.Code == provision.ReasonUnauthorized:
		note(FindingDeskRefuses, &p.Since, waiting, fmt.Sprintf("give the desk new credentials; `deskbridge desk check %s` tries them", name),
			"Desk %s is not called, and %s: %s.", name, count(waiting, "account waits", "accounts wait"), strings.TrimSuffix(p.Reason, "."))
	case p != nil && now.Sub(p.Since) > pauseLate:
		note(FindingDeskPaused, &p.Since, waiting, fmt.Sprintf("`deskbridge desk check %s`; everything goes on by itself when it answers", name),
			"Desk %s is not called for %s, and %s: %s.", name, age(now.Sub(p.Since)), count(waiting, "account waits", "accounts wait"), strings.TrimSuffix(p.Reason, "."))
	}
	if n := d.Accounts[provision.AccountNeedsAttention] + d.Accounts[provision.AccountOnHold]; n > 0 {
		note(FindingNeedAttention, nil, n, "`deskbridge status` has the reasons, which say what to do", "%s on desk %s.", count(n, "account needs attention", "accounts need attention"), name)
	}
	if h.Leavers.Count > 0 && (byHand || now.Sub(h.Leavers.Since) > leaverLate) {
		note(FindingLeavers, &h.Leavers.Since, h.Leavers.Count, "`deskbridge status` names them, and `deskbridge explain USER` says what keeps them there",
			"%s still on desk %s, the first for %s.", count(h.Leavers.Count, "leaver is", "leavers are"), name, age(now.Sub(h.Leavers.Since)))
	}
	if d.Desk.Removal != provision.RemovalNone {
		return out
	}
	if h.HandOver != nil {
		note(FindingHandOver, &h.HandOver.FoundAt, 0, "correct `hand_over` of the desk, or give whom it names access there",
			"Conversations of people who leave desk %s are not handed over as they should be: %s.", name, strings.TrimSuffix(h.HandOver.Reason, "."))
		out[len(out)-1].Outside = fmt.Sprintf("Conversations of people who leave desk %s are not handed over as they should be; `deskbridge status` says why.", name) // the policy may name somebody
	}
	if sw := h.Sweep; sw != nil && sw.Problem != "" {
		note(FindingSweep, sw.FinishedAt, 0, fmt.Sprintf("`deskbridge desk sweep %s`", name), "The last sweep of desk %s was not completed: %s.", name, strings.TrimSuffix(sw.Problem, "."))
	}
	if h.Drifted > 0 {
		note(FindingDrift, nil, h.Drifted, "`deskbridge retry ACCOUNT` repairs one", "%s changed on desk %s by hand.", count(h.Drifted, "account was", "accounts were"), name)
	}
	return out
}

// count says how many of something there are.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// age writes how long something lasts, for people.
func age(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= 2*day:
		return fmt.Sprintf("%d days", d/day)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d >= time.Minute:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", max(d/time.Second, 1))
}

// few joins the first of many names.
func few(names []string) string {
	const most = 4
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most-1], ", "), len(names)-most+1)
}

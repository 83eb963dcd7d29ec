package console

import (
	"cmp"
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/console/layout"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/keeping"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/report"
)

// changesPage is what gives access, desk by desk, and what was changed of it.
type changesPage struct {
	Desks   []mapping
	History []event
	Now     time.Time
}

// mapping is the rules of one desk.
type mapping struct {
	Desk  provision.Desk
	Rules []ruleLine
}

// ruleLine is one rule, as it is read and edited.
type ruleLine struct {
	Connection               string
	Kind                     string // "group" or "attribute"
	Group, Attribute, Equals string
	Role, Teams, Mailboxes   string
	DeskRoles, Until         string
	People                   int  // direct members of the group
	Counted                  bool // People is known
	Bound                    bool // the group was pushed
	Removed                  bool // in a draft
}

// Source says what grants.
func (r *ruleLine) Source() string {
	switch {
	case r.Group != "":
		return "group " + r.Group
	case r.Equals != "":
		return r.Attribute + " = " + r.Equals
	}
	return cmp.Or(r.Attribute, "–")
}

func (h *handler) changes(p *page) error {
	names, err := p.names()
	if err != nil {
		return err
	}
	body := changesPage{Now: p.Now}
	for _, d := range names.desks {
		lines, err := p.ruleLines(names, d)
		if err != nil {
			return err
		}
		body.Desks = append(body.Desks, mapping{d, lines})
	}
	entries, err := h.core.Audit.Latest(p.Context(), audit.Filter{Actions: []provision.Action{audit.PlanApplied, audit.RuleCreated, audit.RuleRemoved}}, audit.Place{}, 20)
	if err != nil {
		return err
	}
	if body.History, err = p.told(entries); err != nil {
		return err
	}
	return p.show(http.StatusOK, "changes", "/admin/changes", "Changes", layout.Frame{Body: body, Command: "deskbridge export > access.yaml"})
}

// ruleLines returns the rules of a desk, with how many people their groups have.
func (p *page) ruleLines(names *names, d provision.Desk) ([]ruleLine, error) {
	rules, err := p.h.core.Settings.Rules(p.Context(), "")
	if err != nil {
		return nil, err
	}
	var lines []ruleLine
	for _, r := range rules {
		if r.Desk != d.ID {
			continue
		}
		line := ruleLine{Connection: names.connection(r.Connection), Kind: "group", Group: r.Group, Attribute: r.Attribute, Equals: r.Equals,
			Role: string(r.Role), Teams: commas(r.Teams), Mailboxes: commas(r.Mailboxes), DeskRoles: commas(r.DeskRoles), Until: provision.FormatUntil(r.Until), Bound: r.GroupID != "" || r.Group == ""}
		if r.Attribute != "" {
			line.Kind = "attribute"
		}
		if r.GroupID != "" {
			g, err := p.h.core.Report.Group(p.Context(), r.Connection, string(r.GroupID), report.Page{Limit: 1})
			if err != nil && !provision.IsNotFound(err) {
				return nil, err
			}
			line.People, line.Counted = g.People, err == nil
		}
		lines = append(lines, line)
	}
	slices.SortStableFunc(lines, func(a, b ruleLine) int {
		return cmp.Or(cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Source(), b.Source()))
	})
	return lines, nil
}

// draftPage is a draft of the rules of one desk, and the plan beside it.
type draftPage struct {
	Desk        provision.Desk
	Connections []provision.Connection
	Groups      []string // that were pushed, for the picker
	Units       struct{ Teams, Mailboxes []string }
	Lines       []ruleLine
	Roles       []string
	Plan        *plan.Plan // nil: not asked for yet
	People      []plan.PersonChange
	More        int // people beyond those
	Losses      int
	Held        bool // mass-change protection would hold them, unless they are expected
	Problem     string
}

// mostPeople is how many people a plan names on the page.
const mostPeople = 200

// mostGroups is how many groups the picker offers.
const mostGroups = 500

func (h *handler) draft(p *page) error {
	body, names, err := p.draftBody()
	if err != nil {
		return err
	}
	if body.Lines, err = p.ruleLines(names, body.Desk); err != nil {
		return err
	}
	return p.showDraft(http.StatusOK, body)
}

func (p *page) showDraft(status int, body draftPage) error {
	body.Lines = append(body.Lines, ruleLine{Kind: "group", Bound: true}) // one to fill in
	return p.show(status, "draft", "/admin/changes", "Draft for "+body.Desk.Name, layout.Frame{Body: body, Command: "deskbridge plan -f access.yaml"})
}

func (p *page) draftBody() (body draftPage, _ *names, _ error) {
	names, err := p.names()
	if err != nil {
		return body, nil, err
	}
	if body.Desk, err = p.h.core.Settings.Desk(p.Context(), p.PathValue("desk")); err != nil {
		return body, nil, err
	}
	body.Connections = names.connections
	body.Roles = []string{"", string(provision.RoleLimited), string(provision.RoleAgent), string(provision.RoleAdmin)}
	groups, _, err := p.h.core.Report.Groups(p.Context(), "", "", report.Page{Limit: mostGroups})
	if err != nil {
		return body, nil, err
	}
	for _, g := range groups {
		body.Groups = append(body.Groups, g.DisplayName)
	}
	slices.Sort(body.Groups)
	body.Groups = slices.Compact(body.Groups)
	return body, names, nil
}

// readLines reads the rules that a form has.
func readLines(form url.Values) []ruleLine {
	var lines []ruleLine
	at := func(name string, i int) string {
		if list := form[name]; i < len(list) {
			return strings.TrimSpace(list[i])
		}
		return ""
	}
	for i := range form["connection"] {
		line := ruleLine{Connection: at("connection", i), Group: at("group", i), Attribute: at("attribute", i), Equals: at("equals", i), Role: at("role", i),
			Teams: at("teams", i), Mailboxes: at("mailboxes", i), DeskRoles: at("desk_roles", i), Until: at("until", i), Bound: true, Removed: slices.Contains(form["remove"], strconv.Itoa(i))}
		line.Kind = "group"
		if line.Attribute != "" {
			line.Kind = "attribute"
		}
		if line.Group == "" && line.Attribute == "" || line.Removed {
			continue
		}
		lines = append(lines, line)
	}
	return lines
}

// drafted returns what the form of a draft says: all rules of the desk, and who keeps the
// profiles there. It stays what it is otherwise, as do the connections.
func (h *handler) drafted(p *page, body *draftPage, names *names) (plan.Draft, error) {
	if err := p.ParseForm(); err != nil {
		return plan.Draft{}, provision.Errorf(provision.Invalid, "", "the form could not be read")
	}
	body.Lines = readLines(p.PostForm)
	body.Desk.Profile = body.Desk.Profile.With(func(f keeping.Field) string { return p.PostForm.Get("profile_" + string(f)) })
	d := plan.Draft{Desks: []provision.Desk{body.Desk}}
	for _, l := range body.Lines {
		if !slices.ContainsFunc(d.Connections, func(c provision.Connection) bool { return c.Name == l.Connection }) {
			i := slices.IndexFunc(names.connections, func(c provision.Connection) bool { return c.Name == l.Connection })
			if i < 0 {
				return d, provision.Errorf(provision.Invalid, "connection", "there is no connection %q", provision.Clip(l.Connection))
			}
			d.Connections = append(d.Connections, names.connections[i])
		}
		r, err := l.rule()
		if err != nil {
			return d, err
		}
		d.Rules = append(d.Rules, plan.DraftRule{Connection: l.Connection, Desk: body.Desk.Name, Rule: r})
	}
	return d, nil
}

// rule returns the rule that a line of a form says.
func (r *ruleLine) rule() (out provision.Rule, err error) {
	out = provision.Rule{Group: r.Group, Attribute: r.Attribute, Equals: r.Equals, Role: provision.RoleNone}
	if r.Role != "" {
		if out.Role, err = provision.ParseRole(r.Role); err != nil {
			return out, err
		}
	}
	if r.Until != "" {
		end, err := provision.ParseUntil("until", r.Until)
		if err != nil {
			return out, err
		}
		out.Until = &end
	}
	for _, part := range []struct {
		text string
		to   *[]string
	}{{r.Teams, &out.Teams}, {r.Mailboxes, &out.Mailboxes}, {r.DeskRoles, &out.DeskRoles}} {
		if *part.to, err = split(part.text); err != nil {
			return out, err
		}
	}
	return out, nil
}

// commas writes names with commas between them, as [split] reads them: one that has
// a comma itself stands between quotation marks.
func commas(names []string) string {
	out := slices.Clone(names)
	for i, name := range out {
		if strings.ContainsAny(name, `,"`) {
			out[i] = `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
		}
	}
	return strings.Join(out, ", ")
}

// split splits a list with commas.
func split(text string) (out []string, _ error) {
	if text == "" {
		return nil, nil
	}
	in := csv.NewReader(strings.NewReader(text))
	in.TrimLeadingSpace = true
	fields, err := in.Read()
	if err != nil {
		return nil, provision.Errorf(provision.Invalid, "", "%q is no list of names with commas between them; a name with a comma stands between quotation marks", provision.Clip(text))
	}
	for _, word := range fields {
		if word = strings.TrimSpace(word); word != "" {
			out = append(out, word)
		}
	}
	return provision.Sorted(out), nil
}

// planDraft shows the plan of a draft beside it. Nothing is changed.
func (h *handler) planDraft(p *page) error {
	body, names, err := p.draftBody()
	if err != nil {
		return err
	}
	d, err := h.drafted(p, &body, names)
	if err == nil {
		var made plan.Plan
		if made, err = h.core.Plan.Plan(p.Context(), d); err == nil {
			body.shows(made)
			return p.showDraft(http.StatusOK, body)
		}
	}
	if !layout.IsMistake(err) {
		return err
	}
	body.Problem = layout.Detail(err)
	return p.showDraft(http.StatusUnprocessableEntity, body)
}

// shows puts a plan on the page.
func (body *draftPage) shows(made plan.Plan) {
	body.Plan, body.People = &made, made.People
	if len(body.People) > mostPeople {
		body.People, body.More = body.People[:mostPeople], len(body.People)-mostPeople
	}
	body.Losses = made.Consequences.LostPeople()
	for _, l := range made.Consequences.Losses {
		body.Held = body.Held || l.Held
	}
}

// applyDraft does exactly the plan that was shown, by its hash. With a number of
// losses that was typed, mass-change protection does not hold those.
func (h *handler) applyDraft(p *page) error {
	body, names, err := p.draftBody()
	if err != nil {
		return err
	}
	d, err := h.drafted(p, &body, names)
	if err != nil {
		return err
	}
	hash := p.PostFormValue("hash")
	if hash == "" {
		return provision.Errorf(provision.Invalid, "hash", "look at the plan before it is applied")
	}
	var made plan.Plan
	if expected := strings.TrimSpace(p.PostFormValue("losses")); expected != "" {
		n, err := strconv.Atoi(expected)
		if err != nil || n < 0 {
			return provision.Errorf(provision.Invalid, "losses", "type how many people lose access, as a number")
		}
		if err := p.Who.May(admin.HoldRelease); err != nil { // that lets them before they are held
			return err
		}
		made, err = h.core.Plan.ApplyExpecting(p.Context(), p.Cause(), d, hash, n)
		if err != nil {
			return h.notApplied(p, body, made, err)
		}
	} else if made, err = h.core.Plan.Apply(p.Context(), p.Cause(), d, hash); err != nil {
		return h.notApplied(p, body, made, err)
	}
	return p.Done("/admin/changes", "applied", len(made.People))
}

// notApplied shows why a plan was not applied, and the plan as it is by now.
func (h *handler) notApplied(p *page, body draftPage, made plan.Plan, err error) error {
	if !layout.IsMistake(err) {
		return err
	}
	body.Problem = layout.Detail(err)
	if made.Hash != "" {
		body.shows(made)
	}
	return p.showDraft(http.StatusConflict, body)
}

package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

const (
	demoOpen  = 25   // conversations that the leaver has open
	demoCrowd = 1000 // people in the big group
)

// company is what the demo knows once everything is set up.
type company struct {
	okta, entra simulated.IdP
	desk        deskAPI
	sys         *server.System
	ids         map[string]string // SCIM ids by e-mail address or group name
	mailbox     int               // id of Help on the desk
	started     time.Time
}

// play is the morning. It uses the program's own interfaces only: its
// commands, its SCIM endpoint, and its desk's API.
func (m *morning) play(ctx context.Context, sys *server.System) error {
	c := &company{sys: sys, ids: make(map[string]string), started: time.Now()}
	for _, part := range []func(context.Context, *company) error{
		m.setUp, m.oktaSync, m.entraSync, m.firstAccess, m.customersWrite,
		m.joinerComes, m.moverMoves, m.leaverGoes, m.signsIn, m.bigGroup, m.mistake, m.report,
	} {
		if err := part(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// command runs one of our own commands and returns what it printed.
func (m *morning) command(ctx context.Context, args ...string) ([]byte, error) {
	return m.options.Command(ctx, args, m.environ)
}

// status is what the demo reads of `deskbridge status --json`.
type status struct {
	Connections []struct {
		Name   string `json:"name"`
		OnHold bool   `json:"held"`
	} `json:"connections"`
	Desks []struct {
		Accounts map[provision.AccountState]int `json:"accounts"`
	} `json:"desks"`
}

func (m *morning) status(ctx context.Context) (s status, _ error) {
	out, err := m.command(ctx, "status", "--json")
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(out, &s)
}

func (m *morning) setUp(ctx context.Context, c *company) error {
	m.step("An admin describes the company in one file, reviews the plan, and applies it")
	file := filepath.Join(m.settings.DataDir, "access.yaml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(demoAccess, "DEMO_ISSUER", m.openID.issuer)), 0o600); err != nil {
		return err
	}
	out, err := m.command(ctx, "plan", "-f", file, "--json")
	if err != nil {
		return err
	}
	var plan plan.Plan
	if err := json.Unmarshal(out, &plan); err != nil {
		return err
	}
	m.say("deskbridge plan: %d changes, plan %s…", len(plan.Changes), plan.Hash[:12])
	if _, err := m.command(ctx, "apply", "-f", file, "--plan", plan.Hash); err != nil {
		return err
	}
	m.say("deskbridge apply --plan %s…: 3 connections, 1 desk, 5 rules", plan.Hash[:12])
	if c.okta, err = m.connect(ctx, "fjord-okta"); err != nil {
		return err
	}
	if c.entra, err = m.connect(ctx, "fjord-entra"); err != nil {
		return err
	}
	if out, err = m.command(ctx, "desk", "app", "helpdesk", "--json"); err != nil {
		return err
	}
	var helpdesk struct {
		APIURL    string `json:"api_url"`
		AppID     string `json:"app_id"`
		AppSecret string `json:"app_secret"`
	}
	if err := json.Unmarshal(out, &helpdesk); err != nil {
		return err
	}
	if c.desk, err = newDeskAPI(ctx, helpdesk.APIURL, helpdesk.AppID, helpdesk.AppSecret); err != nil {
		return err
	}
	page, err := c.desk.Do(ctx, "GET", "/mailboxes", nil, 200)
	if err != nil {
		return err
	}
	for _, box := range embedded(page, "mailboxes") {
		if box["name"] == "Help" {
			c.mailbox = int(box["id"].(float64))
		}
	}
	return nil
}

func (m *morning) connect(ctx context.Context, name string) (simulated.IdP, error) {
	out, err := m.command(ctx, "token", "create", name, "demo", "--json")
	if err != nil {
		return simulated.IdP{}, err
	}
	var token struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal(out, &token); err != nil {
		return simulated.IdP{}, err
	}
	return simulated.NewIdP(m.settings.PublicURL+"/scim/"+name+"/v2", token.Token), nil
}

func (m *morning) oktaSync(ctx context.Context, c *company) error {
	m.step("Okta: test of the credentials, people, then Group Push")
	if _, err := c.okta.Do(ctx, "GET", "/Users?startIndex=1&count=2", nil, 200); err != nil {
		return err
	}
	for _, p := range slices.Concat(supporters, leads, billers) {
		id, err := c.okta.Push(ctx, "Users", "userName", simulated.OktaUser(p))
		if err != nil {
			return err
		}
		c.ids[p.Mail] = id
	}
	for _, g := range []struct {
		name string
		in   []simulated.Person
	}{{"Support", supporters}, {"Support Leads", leads}, {"Billing", billers}} {
		id, err := c.okta.Push(ctx, "Groups", "displayName", map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "displayName": g.name, "members": []any{}})
		if err != nil {
			return err
		}
		c.ids[g.name] = id
		var in []string
		for _, p := range g.in {
			in = append(in, c.ids[p.Mail])
		}
		if err := c.okta.Patch(ctx, "/Groups/"+id, map[string]any{"op": "add", "path": "members", "value": simulated.Members(in...)}); err != nil {
			return err
		}
	}
	m.say("%d people and 3 groups in %d requests", len(supporters)+len(leads)+len(billers), c.okta.Calls)
	return nil
}

func (m *morning) entraSync(ctx context.Context, c *company) error {
	m.step("Entra ID: look-up of a random name, an initial cycle in its default dialect")
	if _, err := c.entra.LookUp(ctx, "Users", "userName", "6f1b1f0a-no-such-user"); err != nil {
		return err
	}
	for _, p := range agency {
		id, err := c.entra.Push(ctx, "Users", "userName", simulated.EntraUser(p))
		if err != nil {
			return err
		}
		c.ids[p.Mail] = id
	}
	id, err := c.entra.Push(ctx, "Groups", "displayName", map[string]any{
		"schemas":    []string{"urn:ietf:params:scim:schemas:core:2.0:Group", "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"},
		"externalId": "8aa1a0c0-agency", "displayName": "Agency agents", "meta": map[string]any{"resourceType": "Group"}})
	if err != nil {
		return err
	}
	for _, p := range agency {
		op := map[string]any{"op": "Add", "path": "members", "value": []any{map[string]any{"$ref": nil, "value": c.ids[p.Mail]}}}
		if err := c.entra.Patch(ctx, "/Groups/"+id, op); err != nil {
			return err
		}
	}
	m.say("%d people and 1 group in %d requests", len(agency), c.entra.Calls)
	return nil
}

// has returns what the desk shows of a person: role, teams, mailboxes, active.
func (c *company) has(ctx context.Context, mail string) (provision.DeskUser, error) {
	helpdesk, err := c.sys.Core.Settings.Desk(ctx, "helpdesk")
	if err != nil {
		return provision.DeskUser{}, err
	}
	now, err := c.sys.Builtin.Snapshot(ctx, helpdesk.ID)
	if err != nil {
		return provision.DeskUser{}, err
	}
	for _, u := range now.Users {
		if u.Email == mail {
			return u.DeskUser, nil
		}
	}
	return provision.DeskUser{}, nil
}

// awaits waits until the desk shows a person with this role and these teams.
func (m *morning) awaits(ctx context.Context, c *company, p simulated.Person, role provision.Role, teams ...string) error {
	return m.until(ctx, fmt.Sprintf("%s is %s in %s", p.Name(), role, strings.Join(teams, ", ")), func() (bool, error) {
		u, err := c.has(ctx, p.Mail)
		return u.Active && u.Role == role && slices.Equal(u.Teams, teams), err
	})
}

func (m *morning) firstAccess(ctx context.Context, c *company) error {
	m.step("The workers sync the help desk")
	all := len(supporters) + len(leads) + len(billers) + len(agency)
	err := m.until(ctx, fmt.Sprintf("all %d people confirmed by the desk", all), func() (bool, error) {
		o, err := m.status(ctx)
		return err == nil && o.Desks[0].Accounts[provision.AccountReady] == all, err
	})
	if err != nil {
		return err
	}
	if err := m.awaits(ctx, c, supporters[0], provision.RoleAgent, "Tier 1"); err != nil {
		return err
	}
	return m.awaits(ctx, c, leads[0], provision.RoleAdmin, "Tier 1", "Tier 2")
}

func (m *morning) customersWrite(ctx context.Context, c *company) error {
	leaver := supporters[1]
	m.step("Customers write; %s has %d conversations open", leaver.Name(), demoOpen)
	id, err := c.desk.userID(ctx, leaver.Mail)
	if err != nil {
		return err
	}
	for i := range demoOpen {
		_, err := c.desk.Do(ctx, "POST", "/conversations", map[string]any{
			"subject": fmt.Sprintf("Order %d has not arrived", 1000+i), "type": "email", "mailboxId": c.mailbox, "status": "active", "assignTo": id,
			"customer": map[string]any{"email": fmt.Sprintf("customer%d@shop.example", i)},
			"threads":  []any{map[string]any{"type": "customer", "text": "Where is it?"}},
		}, 201)
		if err != nil {
			return err
		}
	}
	n, err := c.desk.open(ctx, id)
	m.check(n == demoOpen, "%d open conversations on the desk", n)
	return err
}

func (m *morning) joinerComes(ctx context.Context, c *company) error {
	m.step("A joiner: %s is assigned in Okta and put into Support", joiner.Name())
	id, err := c.okta.Push(ctx, "Users", "userName", simulated.OktaUser(joiner))
	if err != nil {
		return err
	}
	c.ids[joiner.Mail] = id
	if err := c.okta.Patch(ctx, "/Groups/"+c.ids["Support"], map[string]any{"op": "add", "path": "members", "value": simulated.Members(id)}); err != nil {
		return err
	}
	return m.awaits(ctx, c, joiner, provision.RoleAgent, "Tier 1")
}

func (m *morning) moverMoves(ctx context.Context, c *company) error {
	mover := supporters[2]
	m.step("A mover: %s goes from Support to Billing, and marries", mover.Name())
	before, err := c.has(ctx, mover.Mail)
	if err != nil {
		return err
	}
	id := c.ids[mover.Mail]
	for _, step := range []error{
		c.okta.Patch(ctx, "/Groups/"+c.ids["Support"], map[string]any{"op": "remove", "path": fmt.Sprintf("members[value eq %q]", id)}),
		c.okta.Patch(ctx, "/Groups/"+c.ids["Billing"], map[string]any{"op": "add", "path": "members", "value": simulated.Members(id)}),
	} {
		if step != nil {
			return step
		}
	}
	mover.Family = "Moe-Vik"
	full := simulated.OktaUser(mover)
	full["id"] = id
	if _, err := c.okta.Do(ctx, "PUT", "/Users/"+id, full, 200); err != nil {
		return err
	}
	if err := m.awaits(ctx, c, mover, provision.RoleAgent, "Billing"); err != nil {
		return err
	}
	return m.until(ctx, "the same desk user, with the new name, never out in between", func() (bool, error) {
		now, err := c.has(ctx, mover.Mail)
		return now.ID == before.ID && now.FamilyName == mover.Family, err
	})
}

func (m *morning) leaverGoes(ctx context.Context, c *company) error {
	leaver := supporters[1]
	m.step("A leaver: %s is deactivated in Okta, with %d conversations open", leaver.Name(), demoOpen)
	id, err := c.desk.userID(ctx, leaver.Mail)
	if err != nil {
		return err
	}
	start := time.Now()
	if err := c.okta.Patch(ctx, "/Users/"+c.ids[leaver.Mail], map[string]any{"op": "replace", "value": map[string]any{"active": false}}); err != nil {
		return err
	}
	var out time.Duration
	if err := m.until(ctx, "deactivated on the desk", func() (bool, error) {
		u, err := c.has(ctx, leaver.Mail)
		out = time.Since(start)
		return u.ID != "" && !u.Active && len(u.Teams) == 0, err
	}); err != nil {
		return err
	}
	left, err := c.desk.open(ctx, id)
	if err != nil {
		return err
	}
	m.check(left == 0, "%d conversations left with the leaver, %s after the IdP said so", left, out.Round(time.Millisecond))
	moved := 0
	err = c.sys.Core.Audit.EachEntry(ctx, func(e provision.Entry) error {
		if e.Action == provision.Action(reconcile.WriteHandOver) && e.Subject == c.ids[leaver.Mail] {
			moved++
		}
		return nil
	})
	m.check(moved == demoOpen, "%d hand-overs in the audit log, round robin to the others of Tier 1", moved)
	return err
}

func (m *morning) bigGroup(ctx context.Context, c *company) error {
	m.step("A big group: Everyone, with %d people, which no rule names", demoCrowd)
	bar := m.bar(demoCrowd, "people pushed")
	var crowd []string
	start := time.Now()
	for i := range demoCrowd {
		p := simulated.Person{Given: fmt.Sprintf("Emp%04d", i), Family: "Loyee", Mail: fmt.Sprintf("emp%04d@fjord.example", i)}
		made, err := c.okta.Do(ctx, "POST", "/Users", simulated.OktaUser(p), 201)
		if err != nil {
			return err
		}
		crowd = append(crowd, made["id"].(string))
		if err := bar.Add(1); err != nil {
			return err
		}
	}
	m.say("%d people in %s", demoCrowd, time.Since(start).Round(time.Millisecond))
	id, err := c.okta.Push(ctx, "Groups", "displayName", map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "displayName": "Everyone"})
	if err != nil {
		return err
	}
	start = time.Now()
	for chunk := range slices.Chunk(crowd, 1000) {
		if err := c.okta.Patch(ctx, "/Groups/"+id, map[string]any{"op": "add", "path": "members", "value": simulated.Members(chunk...)}); err != nil {
			return err
		}
	}
	m.say("all of them members in %s", time.Since(start).Round(time.Millisecond))
	start = time.Now()
	if err := c.okta.Patch(ctx, "/Groups/"+id, map[string]any{"op": "remove", "path": fmt.Sprintf("members[value eq %q]", crowd[0])}); err != nil {
		return err
	}
	m.say("one member less in %s", time.Since(start).Round(100*time.Microsecond))
	now, err := c.okta.Do(ctx, "GET", "/Groups/"+id, nil, 200)
	if err != nil {
		return err
	}
	in, _ := now["members"].([]any)
	m.check(len(in) == demoCrowd-1, "%d members are left", len(in))
	return nil
}

func (m *morning) mistake(ctx context.Context, c *company) error {
	m.step("A mistake: somebody empties Support at the IdP")
	var before []string
	group, err := c.okta.Do(ctx, "GET", "/Groups/"+c.ids["Support"], nil, 200)
	if err != nil {
		return err
	}
	for _, in := range group["members"].([]any) {
		before = append(before, in.(map[string]any)["value"].(string))
	}
	if err := c.okta.Patch(ctx, "/Groups/"+c.ids["Support"], map[string]any{"op": "replace", "path": "members", "value": []any{}}); err != nil {
		return err
	}
	victims := len(before) - 1 // the leaver is still a member, and out already
	err = m.until(ctx, fmt.Sprintf("mass-change protection: %d accounts are on hold until an admin decides; the IdP got its 2xx", victims), func() (bool, error) {
		o, err := m.status(ctx)
		return err == nil && o.Connections[1].OnHold && o.Desks[0].Accounts[provision.AccountOnHold] == victims, err
	})
	if err != nil {
		return err
	}
	still, err := c.has(ctx, supporters[0].Mail)
	m.check(still.Active && slices.Equal(still.Teams, []string{"Tier 1"}), "%s is still at work", supporters[0].Name())
	if err != nil {
		return err
	}
	if err := c.okta.Patch(ctx, "/Groups/"+c.ids["Support"], map[string]any{"op": "replace", "path": "members", "value": simulated.Members(before...)}); err != nil {
		return err
	}
	return m.until(ctx, "corrected at the IdP: nobody lost access", func() (bool, error) {
		o, err := m.status(ctx)
		return err == nil && o.Desks[0].Accounts[provision.AccountOnHold] == 0 && o.Desks[0].Accounts[provision.AccountWaiting] == 0, err
	})
}

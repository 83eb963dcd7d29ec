package plan

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/entitlement"
)

// resolve finds what d comes to, given what is there.
func (s *Service) resolve(ctx context.Context, store Store, d Draft) (draftState, error) {
	state, err := s.resolveConfiguration(ctx, store, d)
	if err != nil {
		return state, err
	}
	if err := s.effects(ctx, store, &state); err != nil {
		return state, err
	}
	if state.plan.Hash, err = state.hash(); err != nil {
		return state, err
	}
	state.pairRules()
	return state, nil
}

// resolveConfiguration is resolve without the people whom it concerns. Secrets
// that d leaves out are those that store has now.
func (s *Service) resolveConfiguration(ctx context.Context, store Store, d Draft) (state draftState, err error) {
	if d, err = d.withSecrets(ctx, store); err != nil {
		return state, err
	}
	state.touched = make(map[provision.ConnectionID]bool)
	connections, desks := make(map[string]provision.Connection), make(map[string]provision.Desk)
	state.connectionsByName, state.desksByName = connections, desks
	for _, want := range d.Connections {
		if err := s.resolveConnection(ctx, store, &state, connections, want); err != nil {
			return state, err
		}
	}
	for _, want := range d.Desks {
		if err := s.resolveDesk(ctx, store, &state, desks, want); err != nil {
			return state, err
		}
	}
	jit, err := jitRules(d)
	if err != nil {
		return state, err
	}
	if err := s.resolveRules(ctx, store, &state, slices.Concat(jit, d.Rules), connections, desks); err != nil {
		return state, err
	}
	state.configuration, err = state.hash()
	return state, err
}

func (s *Service) resolveConnection(ctx context.Context, store Store, state *draftState, known map[string]provision.Connection, want provision.Connection) error {
	if err := s.settings.CheckConnection(&want); err != nil {
		return err
	}
	if _, twice := known[want.Name]; twice {
		return provision.Errorf(provision.Invalid, "connections", "connection %q stands in the file twice", want.Name)
	}
	have, err := store.Connection(ctx, want.Name)
	if provision.IsNotFound(err) {
		want.ID, want.CreatedAt = provision.NewID[provision.ConnectionID](), s.now()
		known[want.Name] = want
		state.connections = append(state.connections, want)
		state.newConnections = append(state.newConnections, want.ID)
		state.note("add", "connection", want.Name)
		return nil
	}
	if err != nil {
		return err
	}
	var fields []string
	if have.IdP != want.IdP {
		fields = append(fields, "idp")
	}
	if !slices.Equal(have.Domains, want.Domains) {
		fields = append(fields, "domains")
	}
	if !have.SignIn.SameAs(&want.SignIn) {
		fields = append(fields, "sign-in")
	}
	if !have.JWT.SameAs(want.JWT) || have.ValidUntil != want.ValidUntil {
		fields = append(fields, "scim")
	}
	before := have
	have.IdP, have.Domains, have.SignIn, have.JWT, have.ValidUntil = want.IdP, want.Domains, want.SignIn, want.JWT, want.ValidUntil
	known[want.Name] = have
	state.signIn = append(state.signIn, signInChange{before, have})
	if len(fields) > 0 {
		state.connections = append(state.connections, have)
		state.note("change", "connection", want.Name, fields...)
	}
	return nil
}

func (s *Service) resolveDesk(ctx context.Context, store Store, state *draftState, known map[string]provision.Desk, want provision.Desk) error {
	if _, err := s.settings.CheckDesk(want); err != nil {
		return err
	}
	if _, twice := known[want.Name]; twice {
		return provision.Errorf(provision.Invalid, "desks", "desk %q stands in the file twice", want.Name)
	}
	have, err := store.Desk(ctx, want.Name)
	if provision.IsNotFound(err) {
		want.ID, want.CreatedAt = provision.NewID[provision.DeskID](), s.now()
		known[want.Name] = want
		state.desks = append(state.desks, want)
		state.note("add", "desk", want.Name)
		return nil
	}
	if err != nil {
		return err
	}
	if err := sameKind(have, want); err != nil {
		return err
	}
	var fields []string
	for _, f := range []struct {
		name string
		same bool
	}{
		{"url", have.URL == want.URL},
		{"secret", have.Secret == want.Secret},
		{"settings", maps.Equal(have.Settings, want.Settings)},
		{"on_leave", have.OnLeave.Same(want.OnLeave)},
		{"approve", have.Approve == want.Approve},
		{"hand_over", have.HandOver.Equal(want.HandOver)},
		{"seats", have.Seats == want.Seats},
		{"seat_price", have.Price.Same(want.Price)},
		{"idle", have.Idle.Same(want.Idle)},
		{"adoption", cmp.Or(have.Adoption, provision.AdoptPropose) == cmp.Or(want.Adoption, provision.AdoptPropose)},
		{"adopt_ignore", slices.Equal(have.AdoptIgnore, want.AdoptIgnore)},
		{"profile", have.Profile.Same(want.Profile)},
		{"drift", cmp.Or(have.Drift, provision.DriftRepair) == cmp.Or(want.Drift, provision.DriftRepair)},
		{"rate", have.Rate == want.Rate},
		{"sign_in", have.SignIn.SameAs(&want.SignIn)},
	} {
		if !f.same {
			fields = append(fields, f.name)
		}
	}
	want.ID, want.CreatedAt = have.ID, have.CreatedAt
	known[want.Name] = want
	if len(fields) > 0 {
		state.desks = append(state.desks, want)
		state.note("change", "desk", want.Name, fields...)
	}
	return nil
}

// resolveRules compares the rules of the draft with those that its desks have.
func (s *Service) resolveRules(ctx context.Context, store Store, state *draftState, desired []DraftRule, connections map[string]provision.Connection, desks map[string]provision.Desk) error {
	have, err := store.Rules(ctx, "")
	if err != nil {
		return err
	}
	managed := make(map[provision.DeskID]bool)
	for _, d := range desks {
		managed[d.ID] = true
	}
	var rules []provision.Rule
	for _, draft := range desired {
		r := draft.Rule
		conn, err := named(ctx, draft.Connection, connections, store.Connection)
		if err != nil {
			return provision.Errorf(provision.Invalid, "rules", "rule on %s: there is no connection %q, neither in the file nor in Deskbridge", r, draft.Connection)
		}
		desk, err := named(ctx, draft.Desk, desks, store.Desk)
		if err != nil {
			return provision.Errorf(provision.Invalid, "rules", "rule on %s: there is no desk %q, neither in the file nor in Deskbridge", r, draft.Desk)
		}
		r.Connection, r.Desk = conn.ID, desk.ID
		r.Sort()
		managed[desk.ID] = true
		if err := r.Validate(); err != nil {
			return err
		}
		if slices.ContainsFunc(rules, r.SameText) {
			return provision.Errorf(provision.Invalid, "rules", "the rule on %s for desk %q stands in the file twice", r, desk.Name)
		}
		rules = append(rules, r)
		if same := slices.IndexFunc(have, r.SameText); same >= 0 {
			state.rules = append(state.rules, have[same])
		} else {
			state.rules = append(state.rules, r)
			state.add = append(state.add, r)
			state.note("add", "rule", state.ruleName(r))
			state.touched[conn.ID] = true
		}
	}
	for _, r := range have {
		if managed[r.Desk] && !slices.ContainsFunc(rules, r.SameText) {
			state.remove = append(state.remove, r)
			state.note("remove", "rule", state.ruleName(r))
			state.touched[r.Connection] = true
		}
	}
	return nil
}

func named[T any](ctx context.Context, name string, known map[string]T, load func(context.Context, string) (T, error)) (T, error) {
	if v, ok := known[name]; ok {
		return v, nil
	}
	v, err := load(ctx, name)
	if err == nil {
		known[name] = v
	}
	return v, err
}

func deskName(desks map[string]provision.Desk, id provision.DeskID) string {
	return nameOf(desks, string(id), func(d provision.Desk) string { return string(d.ID) })
}

func connectionName(connections map[string]provision.Connection, id provision.ConnectionID) string {
	return nameOf(connections, string(id), func(c provision.Connection) string { return string(c.ID) })
}

// nameOf returns the name of what has an id, and the id itself when nothing
// here has it.
func nameOf[T any](known map[string]T, id string, idOf func(T) string) string {
	for name, v := range known {
		if idOf(v) == id {
			return name
		}
	}
	return id
}

// effects finds the people whose access the changed rules change.
func (s *Service) effects(ctx context.Context, store Store, state *draftState) error {
	for _, conn := range slices.Sorted(maps.Keys(state.touched)) {
		before, err := store.Rules(ctx, conn)
		if err != nil {
			return err
		}
		after := slices.DeleteFunc(slices.Clone(before), func(r provision.Rule) bool { return slices.ContainsFunc(state.remove, r.SameText) })
		for i, r := range state.add {
			if r.Connection != conn {
				continue
			}
			if r, err = entitlement.BindRule(ctx, store, r); err != nil {
				return err
			}
			r.ID = provision.RuleID("new-" + strconv.Itoa(i))
			after = append(after, r)
		}
		affected := entitlement.DesksOf(slices.Concat(state.remove, state.add), nil)
		err = store.EachIdentity(ctx, conn, func(people []provision.Identity) error {
			return s.effectsOn(ctx, store, state, people, before, after, affected)
		})
		if err != nil {
			return err
		}
	}
	slices.SortFunc(state.plan.People, func(a, b PersonChange) int {
		return cmp.Or(cmp.Compare(a.Person, b.Person), cmp.Compare(a.Desk, b.Desk))
	})
	return nil
}

func (s *Service) effectsOn(ctx context.Context, store Store, state *draftState, people []provision.Identity, before, after []provision.Rule, affected []provision.DeskID) error {
	if len(people) == 0 {
		return nil
	}
	ids := make([]provision.IdentityID, len(people))
	for i := range people {
		ids[i] = people[i].ID
	}
	groups, err := entitlement.Memberships(ctx, store, people[0].Connection, ids)
	if err != nil {
		return err
	}
	now := s.now()
	for _, p := range people {
		for _, desk := range affected {
			was, will := provision.Evaluate(before, p, groups[p.ID], desk, now), provision.Evaluate(after, p, groups[p.ID], desk, now)
			if was.Same(will) {
				continue
			}
			was.Grants, will.Grants = nil, nil
			if was.Status == provision.AccessActive && will.Status != provision.AccessActive {
				state.loses(p.Connection, p.ID, desk)
			}
			state.plan.People = append(state.plan.People, PersonChange{Person: p.ID, UserName: p.UserName, Desk: deskName(state.desksByName, desk), Before: was, After: will})
		}
	}
	return nil
}

// loses notes that somebody would lose access to a desk.
func (st *draftState) loses(conn provision.ConnectionID, person provision.IdentityID, desk provision.DeskID) {
	if st.losing == nil {
		st.losing = make(map[provision.ConnectionID]map[provision.IdentityID][]provision.DeskID)
	}
	if st.losing[conn] == nil {
		st.losing[conn] = make(map[provision.IdentityID][]provision.DeskID)
	}
	st.losing[conn][person] = append(st.losing[conn][person], desk)
}

// pairRules shows what happens to rules as people think of it: one that goes
// and one that comes for the same group or attribute are one that changes. What
// is shown is no part of the hash.
func (st *draftState) pairRules() {
	shown := slices.DeleteFunc(slices.Clone(st.plan.Changes), func(c Change) bool { return c.Kind == "rule" })
	gone := slices.Clone(st.remove)
	for _, r := range st.add {
		c := Change{Action: "add", Kind: "rule", Name: st.ruleName(r), Desk: r.Desk, After: grantedBy(r)}
		if i := slices.IndexFunc(gone, r.SameCondition); i >= 0 {
			c.Action, c.Before = "change", grantedBy(gone[i])
			gone = slices.Delete(gone, i, i+1)
		}
		shown = append(shown, c)
	}
	for _, r := range gone {
		shown = append(shown, Change{Action: "remove", Kind: "rule", Name: st.ruleName(r), Desk: r.Desk, Before: grantedBy(r)})
	}
	st.plan.Changes = shown
}

func (st *draftState) ruleName(r provision.Rule) string {
	return r.String() + " → " + deskName(st.desksByName, r.Desk)
}

func grantedBy(r provision.Rule) *Granted {
	return &Granted{Role: r.Role, Teams: r.Teams, Mailboxes: r.Mailboxes, DeskRoles: r.DeskRoles, Until: provision.FormatUntil(r.Until)}
}

func (st *draftState) note(action, kind, name string, fields ...string) {
	st.plan.Changes = append(st.plan.Changes, Change{Action: action, Kind: kind, Name: name, Fields: fields})
}

// hash returns a digest of everything that the plan would do, and of all that
// it would do it with: two drafts that differ in a role, a URL or a secret are
// two plans, even where they read alike and concern nobody yet.
func (st *draftState) hash() (string, error) {
	content := struct {
		Plan        Plan
		Connections []provision.Connection
		Desks       []provision.Desk
		Add, Remove []provision.Rule
	}{Plan: st.plan}
	for _, c := range st.connections { // ids and times of what is new differ each time
		content.Connections = append(content.Connections, provision.Connection{Name: c.Name, IdP: c.IdP, Domains: c.Domains, SignIn: c.SignIn, JWT: c.JWT, ValidUntil: c.ValidUntil})
	}
	for _, d := range st.desks {
		d.ID, d.CreatedAt = "", time.Time{}
		content.Desks = append(content.Desks, d)
	}
	for _, r := range st.add {
		r.Connection, r.Desk = provision.ConnectionID(connectionName(st.connectionsByName, r.Connection)), provision.DeskID(deskName(st.desksByName, r.Desk))
		content.Add = append(content.Add, r)
	}
	content.Remove = st.remove
	text, err := json.Marshal(content)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

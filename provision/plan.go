package provision

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
)

// Draft is a configuration as an admin wrote it. Connections and desks are
// known by name; the Connection and Desk of a rule are names, too.
//
// Connections and desks that a draft does not name stay as they are. Its rules
// replace all rules of the desks that it names.
type Draft struct {
	Connections []Connection
	Desks       []Desk
	Rules       []Rule
}

// Plan says what applying a draft would change, and for whom.
type Plan struct {
	Hash    string         `json:"hash"` // of everything below: the same hash is the same plan
	Changes []Change       `json:"changes"`
	People  []PersonChange `json:"people"`
}

// Empty reports whether applying the plan would change nothing.
func (p *Plan) Empty() bool { return len(p.Changes) == 0 && len(p.People) == 0 }

// Change is one object that a plan adds, changes or removes.
type Change struct {
	Action string   `json:"action"` // "add", "change", "remove"
	Kind   string   `json:"kind"`   // "connection", "desk", "rule"
	Name   string   `json:"name"`
	Fields []string `json:"fields,omitempty"` // of a changed object
}

// PersonChange is what a plan changes for one person on one desk.
type PersonChange struct {
	Person   IdentityID `json:"id"`
	UserName string     `json:"user_name"`
	Desk     string     `json:"desk"` // name
	Before   Access     `json:"before"`
	After    Access     `json:"after"`
}

// draftState is what a draft comes to, given what is there.
type draftState struct {
	connections []Connection // to save
	desks       []Desk       // to save
	add, remove []Rule
	touched     map[ConnectionID]bool // whose rules change
	plan        Plan
}

// Plan returns what applying d would change. It changes nothing.
func (s *Service) Plan(ctx context.Context, d Draft) (Plan, error) {
	state, err := s.resolve(ctx, s.store, d)
	if err != nil {
		return Plan{}, err
	}
	return state.plan, nil
}

// Apply makes d true in one transaction. hash, when not empty, is the Hash of
// the plan that was reviewed: when applying would by now do anything else,
// Apply changes nothing and returns a Stale error.
func (s *Service) Apply(ctx context.Context, c Cause, d Draft, hash string) (Plan, error) {
	var state draftState
	err := s.store.InTx(ctx, func(tx Store) error {
		if err := tx.LockRules(ctx); err != nil {
			return err
		}
		var err error
		if state, err = s.resolve(ctx, tx, d); err != nil {
			return err
		}
		if hash != "" && hash != state.plan.Hash {
			return Errorf(Stale, "plan", "something changed since this plan was made; run `deskbridge plan` again and review the difference")
		}
		if state.plan.Empty() {
			return nil
		}
		return s.carryOut(ctx, tx, c, state)
	})
	return state.plan, err
}

func (s *Service) carryOut(ctx context.Context, tx Store, c Cause, state draftState) error {
	for _, conn := range state.connections {
		if err := tx.SaveConnection(ctx, conn); err != nil {
			return err
		}
	}
	for _, desk := range state.desks {
		if err := tx.SaveDesk(ctx, desk); err != nil {
			return err
		}
	}
	for _, r := range state.remove {
		if err := s.deleteRule(ctx, tx, c, r); err != nil {
			return err
		}
	}
	for _, r := range state.add {
		if _, err := s.saveRule(ctx, tx, c, r); err != nil {
			return err
		}
	}
	for _, conn := range slices.Sorted(maps.Keys(state.touched)) {
		if err := s.markDirty(ctx, tx, conn, ""); err != nil {
			return err
		}
	}
	e := s.entry(c, "", "plan.applied", state.plan.Hash)
	e.Detail = map[string]any{"changes": state.plan.Changes, "people": len(state.plan.People)}
	return tx.Append(ctx, e)
}

func (s *Service) resolve(ctx context.Context, store Store, d Draft) (state draftState, err error) {
	state.touched = make(map[ConnectionID]bool)
	connections := make(map[string]Connection)
	for _, want := range d.Connections {
		if err := s.resolveConnection(ctx, store, &state, connections, want); err != nil {
			return state, err
		}
	}
	desks := make(map[string]Desk)
	for _, want := range d.Desks {
		if err := s.resolveDesk(ctx, store, &state, desks, want); err != nil {
			return state, err
		}
	}
	if err := s.resolveRules(ctx, store, &state, d.Rules, connections, desks); err != nil {
		return state, err
	}
	if err := s.effects(ctx, store, &state, connections, desks); err != nil {
		return state, err
	}
	state.plan.Hash, err = planHash(state.plan)
	return state, err
}

func (s *Service) resolveConnection(ctx context.Context, store Store, state *draftState, known map[string]Connection, want Connection) error {
	if err := validateConnection(&want); err != nil {
		return err
	}
	if _, twice := known[want.Name]; twice {
		return Errorf(Invalid, "connections", "connection %q stands in the file twice", want.Name)
	}
	have, err := store.Connection(ctx, want.Name)
	if isNotFound(err) {
		want.ID, want.CreatedAt = NewID[ConnectionID](), s.now()
		known[want.Name] = want
		state.connections = append(state.connections, want)
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
	if !sameJSON(have.SignIn, want.SignIn) {
		fields = append(fields, "sign-in")
	}
	have.IdP, have.Domains, have.SignIn = want.IdP, want.Domains, want.SignIn
	known[want.Name] = have
	if len(fields) > 0 {
		state.connections = append(state.connections, have)
		state.note("change", "connection", want.Name, fields...)
	}
	return nil
}

func (s *Service) resolveDesk(ctx context.Context, store Store, state *draftState, known map[string]Desk, want Desk) error {
	if err := want.Validate(); err != nil {
		return err
	}
	if _, twice := known[want.Name]; twice {
		return Errorf(Invalid, "desks", "desk %q stands in the file twice", want.Name)
	}
	have, err := store.Desk(ctx, want.Name)
	if isNotFound(err) {
		want.ID, want.CreatedAt = NewID[DeskID](), s.now()
		known[want.Name] = want
		state.desks = append(state.desks, want)
		state.note("add", "desk", want.Name)
		return nil
	}
	if err != nil {
		return err
	}
	if have.Kind != want.Kind {
		return Errorf(Invalid, "desks", "desk %q is of kind %s and cannot become %s; add the new one under another name", want.Name, have.Kind, want.Kind)
	}
	var fields []string
	for _, f := range []struct {
		name string
		same bool
	}{
		{"url", have.URL == want.URL},
		{"secret", have.Secret == want.Secret},
		{"settings", maps.Equal(have.Settings, want.Settings)},
		{"on_leave", cmp.Or(have.OnLeave, LeaveDeactivate) == cmp.Or(want.OnLeave, LeaveDeactivate)},
		{"hand_over", have.HandOver == want.HandOver},
		{"seats", have.Seats == want.Seats},
		{"adoption", cmp.Or(have.Adoption, AdoptPropose) == cmp.Or(want.Adoption, AdoptPropose)},
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
func (s *Service) resolveRules(ctx context.Context, store Store, state *draftState, wanted []Rule, connections map[string]Connection, desks map[string]Desk) error {
	have, err := store.Rules(ctx, "")
	if err != nil {
		return err
	}
	governed := make(map[DeskID]bool)
	for _, d := range desks {
		governed[d.ID] = true
	}
	var rules []Rule
	for _, r := range wanted {
		conn, err := named(ctx, string(r.Connection), connections, store.Connection)
		if err != nil {
			return Errorf(Invalid, "rules", "rule on %s: there is no connection %q, neither in the file nor in Deskbridge", r, r.Connection)
		}
		desk, err := named(ctx, string(r.Desk), desks, store.Desk)
		if err != nil {
			return Errorf(Invalid, "rules", "rule on %s: there is no desk %q, neither in the file nor in Deskbridge", r, r.Desk)
		}
		r.Connection, r.Desk = conn.ID, desk.ID
		r.Teams, r.Mailboxes = sorted(r.Teams), sorted(r.Mailboxes)
		governed[desk.ID] = true
		if err := r.Validate(); err != nil {
			return err
		}
		if slices.ContainsFunc(rules, r.sameText) {
			return Errorf(Invalid, "rules", "the rule on %s for desk %q stands in the file twice", r, desk.Name)
		}
		rules = append(rules, r)
		if !slices.ContainsFunc(have, r.sameText) {
			state.add = append(state.add, r)
			state.note("add", "rule", r.String()+" → "+desk.Name)
			state.touched[conn.ID] = true
		}
	}
	for _, r := range have {
		if governed[r.Desk] && !slices.ContainsFunc(rules, r.sameText) {
			state.remove = append(state.remove, r)
			state.note("remove", "rule", r.String()+" → "+deskName(desks, r.Desk))
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

func deskName(desks map[string]Desk, id DeskID) string {
	for name, d := range desks {
		if d.ID == id {
			return name
		}
	}
	return string(id)
}

// effects finds the people whose access the changed rules change.
func (s *Service) effects(ctx context.Context, store Store, state *draftState, connections map[string]Connection, desks map[string]Desk) error {
	for _, conn := range slices.Sorted(maps.Keys(state.touched)) {
		before, err := store.Rules(ctx, conn)
		if err != nil {
			return err
		}
		after := slices.DeleteFunc(slices.Clone(before), func(r Rule) bool { return slices.ContainsFunc(state.remove, r.sameText) })
		for i, r := range state.add {
			if r.Connection != conn {
				continue
			}
			if r, err = bindRule(ctx, store, r); err != nil {
				return err
			}
			r.ID = RuleID("new-" + strconv.Itoa(i))
			after = append(after, r)
		}
		affected := desksOf(slices.Concat(state.remove, state.add), nil)
		err = store.EachIdentity(ctx, conn, func(people []Identity) error {
			return s.effectsOn(ctx, store, state, people, before, after, affected, desks)
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

func (s *Service) effectsOn(ctx context.Context, store Store, state *draftState, people []Identity, before, after []Rule, affected []DeskID, desks map[string]Desk) error {
	if len(people) == 0 {
		return nil
	}
	ids := make([]IdentityID, len(people))
	for i := range people {
		ids[i] = people[i].ID
	}
	groups, err := memberships(ctx, store, people[0].Connection, ids)
	if err != nil {
		return err
	}
	for _, p := range people {
		for _, desk := range affected {
			was, will := Evaluate(before, p, groups[p.ID], desk), Evaluate(after, p, groups[p.ID], desk)
			if was.Same(will) {
				continue
			}
			was.Grants, will.Grants = nil, nil
			state.plan.People = append(state.plan.People, PersonChange{Person: p.ID, UserName: p.UserName, Desk: deskName(desks, desk), Before: was, After: will})
		}
	}
	return nil
}

func (st *draftState) note(action, kind, name string, fields ...string) {
	st.plan.Changes = append(st.plan.Changes, Change{Action: action, Kind: kind, Name: name, Fields: fields})
}

func planHash(p Plan) (string, error) {
	p.Hash = ""
	text, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

func sameJSON(a, b json.RawMessage) bool {
	var x, y bytes.Buffer
	if json.Compact(&x, a) != nil || json.Compact(&y, b) != nil {
		return len(a) == 0 && len(b) == 0
	}
	return bytes.Equal(x.Bytes(), y.Bytes())
}

package libredesk

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/edit"
	"github.com/deskbridge/deskbridge/provision"
)

// form is all that a change of a user writes: what it leaves out, Libredesk
// takes away.
type form struct {
	First        string   `json:"first_name"`
	Last         string   `json:"last_name"`
	Email        string   `json:"email"`
	Roles        []string `json:"roles"`
	Teams        []string `json:"teams"`
	Enabled      bool     `json:"enabled"`
	Availability string   `json:"availability_status"`
}

func (a *agent) form() form {
	return form{a.First, a.Last, a.Email, append([]string{}, a.Roles...), append([]string{}, names(*a.Teams)...), *a.Enabled, a.Availability}
}

// lacks says in which fields a is not as f has it. What others gave meanwhile is
// no lack, and availability changes by itself.
func (f form) lacks(before form, a *agent) (fields []string) {
	now := a.form()
	note := func(lack bool, field string) {
		if lack {
			fields = append(fields, field)
		}
	}
	note(now.First != f.First || now.Last != f.Last, "name")
	note(!sameText(now.Email, f.Email), "email")
	note(now.Enabled != f.Enabled, "enabled")
	note(f.Availability != before.Availability && now.Availability == before.Availability, "availability_status")
	named := func(what string, have, want, before []string) {
		for _, name := range want {
			note(!slices.Contains(have, name), "without "+what+" "+name)
		}
		for _, name := range before {
			note(!slices.Contains(want, name) && slices.Contains(have, name), "still with "+what+" "+name)
		}
	}
	named("role", now.Roles, f.Roles, before.Roles)
	named("team", now.Teams, f.Teams, before.Teams)
	return fields
}

// change has edit change a user, writes all of it, and reads it back, which it
// returns. what says for people what is done.
func (d *libredesk) change(ctx context.Context, id provision.DeskUserID, what string, edit func(*agent, *form)) (*agent, error) {
	a, err := d.read(ctx, id)
	if err != nil {
		return nil, err
	}
	before, after := a.form(), a.form()
	edit(a, &after)
	if reflect.DeepEqual(before, after) {
		return a, nil
	}
	if err := d.client.write(ctx, http.MethodPut, "/agents/"+string(id), after); err != nil {
		return nil, err
	}
	if a, err = d.read(ctx, id); err != nil {
		return nil, err
	}
	if lacks := after.lacks(before, a); len(lacks) > 0 {
		e := disobeyed("%s user %s", what, id)
		e.Field = strings.Join(lacks, ", ")
		return nil, e
	}
	return a, nil
}

// SetProfile writes name and e-mail. An empty field of want stays as it is.
func (d *libredesk) SetProfile(ctx context.Context, id provision.DeskUserID, want provision.DeskUser) error {
	if err := checkEmail(want.Email); err != nil {
		return err
	}
	want = d.Fit(want)
	_, err := d.change(ctx, id, "change the profile of", func(a *agent, f *form) {
		if !sameText(a.Email, want.Email) {
			f.Email = strings.ToLower(want.Email)
		}
		if want.GivenName != "" {
			f.First, f.Last = want.GivenName, want.FamilyName
		}
	})
	return d.takenError(ctx, err, id, want.Email)
}

// checkEmail refuses what Libredesk refuses.
func checkEmail(email string) error {
	switch {
	case !kit.IsEmail(email, len(email)):
		return &desk.Error{Kind: desk.Permanent, Field: "email", Detail: "the person has no e-mail address that Libredesk takes, and it demands one"}
	case utf8.RuneCountInString(email) > maxEmailLength:
		return &desk.Error{Kind: desk.Permanent, Field: "email", Detail: "the e-mail address is longer than the 320 characters that Libredesk takes"}
	}
	return nil
}

// takenError finds out whether a failed write met another user with the address:
// Libredesk says so with HTTP 500, in the language that it is set to.
func (d *libredesk) takenError(ctx context.Context, failure error, self provision.DeskUserID, email string) error {
	if !errors.Is(failure, errFailed) {
		return failure
	}
	holder, err := d.holder(ctx, email, d.people.Reread)
	if err != nil || holder == nil || holder.id() == self {
		return failure
	}
	return &desk.Error{Kind: desk.Conflict, Field: "email", Detail: fmt.Sprintf("user %d of Libredesk has this e-mail address already", holder.ID)}
}

// SetRole gives the role that stands for one of ours, and takes the others that
// stand for one. Roles that somebody gave besides stay, unless all go: a leaver
// keeps nothing.
func (d *libredesk) SetRole(ctx context.Context, id provision.DeskUserID, role provision.Role) error {
	give, what := "", "take all roles from"
	if role != provision.RoleNone {
		r, err := d.role(ctx, role)
		if err != nil {
			return err
		}
		give, what = r.Name, "give the role "+r.Name+" to"
	}
	a, err := d.change(ctx, id, what, func(_ *agent, f *form) {
		f.Roles = slices.DeleteFunc(f.Roles, func(name string) bool { return give == "" || d.settings.governs(name) && name != give })
		if give != "" && !slices.Contains(f.Roles, give) {
			f.Roles = append(f.Roles, give)
		}
	})
	if err == nil && d.roleOf(a) != role {
		err = desk.Errorf(desk.Permanent, "user %s of Libredesk may still manage users or roles, by one of the roles %s; take that one away at Admin > Teammates > Agents > (the agent), take the permission from it, or let a rule grant admin", id, strings.Join(a.Roles, ", "))
	}
	return err
}

// ChangeTeams adds the user to teams and removes it from teams.
func (d *libredesk) ChangeTeams(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	change, err := d.resolve(ctx, add, remove)
	if err != nil {
		return err
	}
	_, err = d.change(ctx, id, "change the teams of", func(a *agent, f *form) { f.Teams = changed(f.Teams, change, a.memberOf) })
	return err
}

// changed returns names with those that are to be joined, unless the user has them, and without
// those that are to be left.
func changed(have []string, change kit.Difference[entry], has func(entry) bool) []string {
	for _, e := range change.Join {
		if !has(e) {
			have = append(have, e.Name)
		}
	}
	leave := names(change.Leave)
	return slices.DeleteFunc(have, func(name string) bool { return slices.Contains(leave, name) })
}

// SetActive enables or disables a user. Disabling ends its sessions, keeps what
// it is assigned, and revokes its API key, which would work again on return. Who
// returns is not reassigning any more.
func (d *libredesk) SetActive(ctx context.Context, id provision.DeskUserID, active bool) error {
	a, err := d.change(ctx, id, map[bool]string{true: "enable", false: "disable"}[active], func(_ *agent, f *form) {
		if active && !f.Enabled && f.Availability == reassigning {
			f.Availability = offline
		}
		f.Enabled = active
	})
	if err != nil || active || a.APIKey == "" {
		return err
	}
	if err := d.client.write(ctx, http.MethodDelete, "/agents/"+string(id)+"/api-key", nil); err != nil {
		return err
	}
	if a, err = d.read(ctx, id); err == nil && a.APIKey != "" {
		err = disobeyed("revoke the API key of user %s", id)
	}
	return err
}

// StopInflow implements [desk.InflowStopper].
func (d *libredesk) StopInflow(ctx context.Context, id provision.DeskUserID) error {
	_, err := d.change(ctx, id, "set to away and reassigning", func(_ *agent, f *form) { f.Availability = reassigning })
	return err
}

// SetAway implements [desk.InflowStopper]. Who is back is offline until the next
// click there.
func (d *libredesk) SetAway(ctx context.Context, id provision.DeskUserID, away bool) error {
	if away {
		return d.StopInflow(ctx, id)
	}
	_, err := d.change(ctx, id, "set back from away and reassigning", func(_ *agent, f *form) {
		if f.Availability == reassigning { // else they are back already, or away by themselves
			f.Availability = offline
		}
	})
	return err
}

// Delete removes a user, who is disabled before: Libredesk 1.0 lets the sessions
// of deleted users live on, and not those of disabled ones. It keeps what the
// person wrote, under their name, and unassigns their open conversations.
func (d *libredesk) Delete(ctx context.Context, id provision.DeskUserID) error {
	return edit.Remove(ctx, id, d.read, func() error {
		if err := d.SetActive(ctx, id, false); err != nil {
			return err
		}
		return d.client.write(ctx, http.MethodDelete, "/agents/"+string(id), nil)
	}, func() error { return disobeyed("delete user %s", id) })
}

// Create makes a user, with a password that nobody knows. Role and teams are
// looked for before: with a role that it does not know Libredesk fails, and has
// made a user without one all the same.
func (d *libredesk) Create(ctx context.Context, want provision.DeskUser) (*provision.DeskUser, error) {
	if err := checkEmail(want.Email); err != nil {
		return nil, err
	}
	role, err := d.role(ctx, want.Role)
	if err != nil {
		return nil, err
	}
	join, err := d.resolve(ctx, want.Teams, nil)
	if err != nil {
		return nil, err
	}
	own, err := d.resolveRoles(ctx, want.DeskRoles, nil)
	if err != nil {
		return nil, err
	}
	fit := d.Fit(want)
	local, _, _ := strings.Cut(kit.OneLine(want.Email), "@")
	var answer json.RawMessage
	_, err = d.client.call(ctx, http.MethodPost, "/agents", nil, map[string]any{
		"first_name":         cmp.Or(fit.GivenName, kit.CutRunes(local, maxNameLength)),
		"last_name":          fit.FamilyName,
		"email":              strings.ToLower(want.Email),
		"roles":              append([]string{role.Name}, names(own.Join)...),
		"teams":              append([]string{}, names(join.Join)...),
		"send_welcome_email": d.settings.welcomeEmail,
	}, &answer)
	if err != nil {
		return nil, d.takenError(ctx, err, "", want.Email)
	}
	var made agent
	if json.Unmarshal(answer, &made) != nil || made.ID == 0 {
		return nil, desk.Errorf(desk.Retryable, "Libredesk's answer to a creation names no number")
	}
	a, err := d.read(ctx, made.id())
	switch {
	case desk.KindOf(err) == desk.NotFound:
		return nil, desk.Errorf(desk.Retryable, "the new user %d of Libredesk is not there", made.ID)
	case err != nil:
		return nil, err
	case !sameText(a.Email, want.Email):
		return nil, disobeyed("give the new user %d its e-mail address", made.ID)
	case !slices.Contains(a.Roles, role.Name):
		return d.user(a), disobeyed("give the new user %d the role %s", made.ID, role.Name)
	}
	return d.user(a), nil
}

package chatwoot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// Create invites an agent: Chatwoot mails a link to choose a password. Who has a user
// in another account of the same Chatwoot joins with that one, under the name that it
// has. Teams and inboxes come afterwards.
func (d *chatwoot) Create(ctx context.Context, want provision.DeskUser) (*provision.DeskUser, error) {
	if err := checkEmail(want.Email); err != nil {
		return nil, err
	}
	role := words[want.Role]
	if role == "" {
		return nil, noRole(want.Role)
	}
	for k, names := range map[kind][]string{teams: want.Teams, inboxes: want.Mailboxes} {
		if _, err := kit.Resolve(ctx, d.places.of[k].Find, names, nil, func(name string) error { return noPlace(desk.Permanent, k, name) }); err != nil {
			return nil, err
		}
	}
	local, _, _ := strings.Cut(want.Email, "@")
	var answer json.RawMessage
	_, err := d.client.Do(ctx, kit.Call{Method: http.MethodPost, Path: d.client.path("/agents"), Body: map[string]any{
		"email": strings.ToLower(want.Email), "name": cmp.Or(d.Fit(want).DisplayName, kit.OneLine(local)), "role": role,
	}}, &answer)
	if err != nil {
		return nil, d.taken(ctx, err, want.Email)
	}
	var made agent
	if json.Unmarshal(answer, &made) != nil || made.ID <= 0 {
		return nil, desk.Errorf(desk.Retryable, "Chatwoot's answer to a creation names no number")
	}
	a, err := d.shown(ctx, made.id())
	switch {
	case err != nil:
		return nil, err
	case !sameText(a.Email, want.Email):
		return nil, vendor.Disobeyed("give the new agent %d its e-mail address", made.ID) // it may be anybody
	}
	got, err := d.user(ctx, a)
	if err == nil && (got.Role != want.Role || a.custom()) {
		err = vendor.Disobeyed("give the new agent %d the role %s", made.ID, role)
	}
	return got, err
}

// shown reads a new agent, who may be on the list a moment later.
func (d *chatwoot) shown(ctx context.Context, id provision.DeskUserID) (*agent, error) {
	a, err := kit.Appears(ctx, d.patience, id, d.read)
	if err != nil && desk.KindOf(err) == desk.NotFound {
		err = vendor.Disobeyed("make agent %s", id)
	}
	return a, err
}

func noRole(of provision.Role) error {
	return desk.Errorf(desk.Permanent, "Chatwoot has no role for %s: let the rule grant agent or admin, which is administrator there", cmp.Or(of, provision.RoleNone))
}

// free fails when an agent of the account has an e-mail address.
func (d *chatwoot) free(ctx context.Context, email string) error {
	holder, err := d.byEmail(ctx, email)
	if err == nil && holder != nil {
		err = &desk.Error{Kind: desk.Conflict, Field: "email", Detail: fmt.Sprintf("agent %d of Chatwoot has this e-mail address already", holder.ID)}
	}
	return err
}

// taken finds out why a creation failed: an agent of this account may have the
// address, or a user of another one, whom some builds do not invite.
func (d *chatwoot) taken(ctx context.Context, failure error, email string) error {
	refused := errors.Is(failure, errRefused)
	if !refused && !errors.Is(failure, errInternal) {
		return failure
	}
	if err := d.free(ctx, email); err != nil && desk.KindOf(err) == desk.Conflict {
		return err
	}
	if e, ok := errors.AsType[*desk.Error](failure); ok && refused {
		told := *e
		told.Detail += "; nobody in this account has the address, so it may be a user of another account of this Chatwoot: invite the person by hand at Settings > Agents > Add Agent, or have an operator add the user to the account in the Super Admin Console > Users, and run `deskbridge retry --adopt`"
		return &told
	}
	return failure
}

// edit changes fields of an agent, and reads back whether they are so.
func (d *chatwoot) edit(ctx context.Context, a *agent, what string, fields map[string]any, done func(*agent) bool) error {
	_, err := d.client.Do(ctx, kit.Call{Method: http.MethodPatch, Path: d.client.path("/agents/%d", a.ID), Body: fields}, nil)
	if err != nil {
		if desk.KindOf(err) == desk.NotFound {
			err = desk.Errorf(desk.NotFound, "account %s of Chatwoot has no agent %d", d.client.account, a.ID)
		}
		return err
	}
	return kit.ReadBack(ctx, a.id(), d.read, func(now *agent) error {
		if !done(now) {
			return vendor.Disobeyed("%s agent %d", what, a.ID)
		}
		return nil
	})
}

// SetProfile writes the name, which is the person's in all accounts of the same
// Chatwoot. The address is theirs to change.
func (d *chatwoot) SetProfile(ctx context.Context, id provision.DeskUserID, want provision.DeskUser) error {
	a, err := d.read(ctx, id)
	if err != nil && desk.KindOf(err) == desk.NotFound {
		err = desk.Unsupported("change name or e-mail", err.Error())
	}
	if err != nil {
		return err
	}
	if want.Email != "" && !sameText(a.Email, want.Email) {
		return desk.Unsupported("change e-mail", fmt.Sprintf("Chatwoot lets nobody but the person change an agent's address: agent %d does it at Profile Settings, or an operator of the server in the Super Admin Console > Users > (the user) > Edit", a.ID))
	}
	name := d.Fit(want).DisplayName
	if name == "" || name == a.Name {
		return nil
	}
	return d.edit(ctx, a, "change the name of", map[string]any{"name": name}, func(now *agent) bool { return now.Name == name })
}

// SetRole makes an agent an administrator, or the other way round. A role of the
// account's own making, which somebody gave by hand, is left alone.
func (d *chatwoot) SetRole(ctx context.Context, id provision.DeskUserID, role provision.Role) error {
	word := words[role]
	if word == "" {
		return noRole(role)
	}
	a, err := d.read(ctx, id)
	switch {
	case err != nil:
		return err
	case a.custom():
		return desk.Errorf(desk.Permanent, "agent %d of Chatwoot has a custom role, which Deskbridge does not take away: choose Agent or Administrator at Settings > Agents > (the agent) > Edit, or let the rules grant what it stands for", a.ID)
	case a.Role == word:
		return nil
	}
	return d.edit(ctx, a, "give the role "+word+" to", map[string]any{"role": word}, func(now *agent) bool { return now.Role == word })
}

// StopInflow implements [desk.InflowStopper]: Chatwoot deals out to those who are
// online. What it shows is what it makes of this and of who has a page open, so that
// it is written in any case.
func (d *chatwoot) StopInflow(ctx context.Context, id provision.DeskUserID) error {
	a, err := d.read(ctx, id)
	if err != nil {
		return err
	}
	return d.edit(ctx, a, "set offline", map[string]any{"availability": "offline", "auto_offline": true}, func(now *agent) bool {
		return (now.Availability == "offline" || now.Availability == "") && now.AutoOffline
	})
}

// SetAway implements [desk.InflowStopper]. Who is back is online as soon as they have a
// page open; Chatwoot shows no more than that.
func (d *chatwoot) SetAway(ctx context.Context, id provision.DeskUserID, away bool) error {
	a, err := d.read(ctx, id)
	switch {
	case err != nil || !away && a.Availability != "offline":
		return err
	case away:
		return d.edit(ctx, a, "set offline", map[string]any{"availability": "offline"}, func(now *agent) bool { return now.Availability == "offline" })
	}
	return d.edit(ctx, a, "set online", map[string]any{"availability": "online"}, func(*agent) bool { return true })
}

// Delete takes an agent out of the account; what the person wrote stays. A job of
// Chatwoot takes teams, inboxes and conversations from them later, and the user when no
// other account is left.
func (d *chatwoot) Delete(ctx context.Context, id provision.DeskUserID) error {
	a, err := d.read(ctx, id)
	if err == nil {
		_, err = d.client.Do(ctx, kit.Call{Method: http.MethodDelete, Path: d.client.path("/agents/%d", a.ID)}, nil)
	}
	if err != nil && desk.KindOf(err) != desk.NotFound {
		return err
	}
	if _, err = d.read(ctx, id); err == nil {
		return vendor.Disobeyed("delete agent %s", id) // yet
	}
	if desk.KindOf(err) == desk.NotFound {
		return nil
	}
	return err
}

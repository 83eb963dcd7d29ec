package freshdesk

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/provision"
)

// contact is somebody without access: a customer, or who was an agent once.
type contact struct {
	ID      int64  `json:"id"`
	Email   string `json:"email"`
	Deleted bool   `json:"deleted"`
}

// maxEmailLength is that of RFC 5321 §4.5.3.1.3.
const maxEmailLength = 254

// promotion is how long a contact who has become an agent may be shown as one: three
// seconds.
var promotion = kit.Patience{First: 200 * time.Millisecond, Most: 2 * time.Second, Looks: 5}

// Create makes an agent, whom Freshdesk invites by mail. Whoever is a contact with the
// address becomes an agent: as the customer that the person was, or on return.
func (d *freshdesk) Create(ctx context.Context, want provision.DeskUser) (*provision.DeskUser, error) {
	if err := people.CheckEmail(vendor, want.Email, maxEmailLength, ", and it demands one"); err != nil {
		return nil, err
	}
	role, err := d.role(ctx, cmp.Or(want.Role, provision.RoleNone))
	if err != nil {
		return nil, err
	}
	join, err := d.groups.Resolve(ctx, want.Teams, nil)
	if err != nil {
		return nil, err
	}
	fields := map[string]any{"ticket_scope": d.settings.scope, "occasional": d.settings.occasional, "role_ids": []int64{role.ID}}
	if want.Role == provision.RoleAdmin {
		fields["ticket_scope"] = globalScope
	}
	groups := []int64{}
	for _, g := range join.Join {
		groups = append(groups, g.ID)
	}
	fields["group_ids"] = groups
	was, err := d.contact(ctx, want.Email)
	if err != nil {
		return nil, err
	}
	var made struct {
		ID int64 `json:"id"`
	}
	if was != nil {
		made.ID = was.ID
		err = d.client.Put(ctx, "/contacts/"+strconv.FormatInt(was.ID, 10)+"/make_agent", fields, nil)
	} else {
		fit := d.Fit(want)
		local, _, _ := strings.Cut(want.Email, "@")
		fields["email"], fields["name"] = strings.ToLower(want.Email), cmp.Or(fit.DisplayName, local)
		_, err = d.client.Do(ctx, kit.Call{Method: http.MethodPost, Path: "/agents", Body: fields, Want: http.StatusCreated}, &made)
	}
	d.listed.Doubt() // whatever came of it
	if err != nil {
		return nil, d.taken(ctx, err, want.Email)
	}
	return d.created(ctx, made.ID, want, was != nil)
}

// contact returns the contact with an address; nil when there is none.
func (d *freshdesk) contact(ctx context.Context, email string) (*contact, error) {
	hits, err := list[contact](ctx, d.client, "/contacts", url.Values{"email": {strings.ToLower(email)}})
	if err != nil {
		return nil, err
	}
	for _, c := range hits {
		if c.ID > 0 && !c.Deleted && people.SameText(c.Email, email) {
			return &c, nil
		}
	}
	return nil, nil
}

// taken finds out what a creation met: an agent with the address, or a contact that
// cannot be made one.
func (d *freshdesk) taken(ctx context.Context, failure error, email string) error {
	kind := desk.KindOf(failure)
	if kind != desk.Conflict && kind != desk.NotFound && kind != desk.Permanent {
		return failure
	}
	holder, err := d.byEmail(ctx, email)
	switch {
	case err == nil && holder != nil:
		return d.agents.HasAddress(holder, failure)
	case kind == desk.Conflict:
		return &desk.Error{Kind: desk.Permanent, Field: "email", Err: failure, Detail: "a contact of Freshdesk that is deleted or blocked, or another's second address, is in the way: look for the address at Contacts, also among deleted and blocked ones, restore or change that contact, then run `deskbridge retry`"}
	case kind == desk.NotFound: // no contact any more, and no agent yet
		return desk.Errorf(desk.Retryable, "the contact who was to become an agent of Freshdesk is not there any more")
	case errors.Is(failure, kit.ErrForbidden):
		return &desk.Error{Kind: desk.Permanent, Err: failure, Detail: "Freshdesk does not make the agent (HTTP 403): no seat is left, which Admin > Account > Plans and billing tells, or the service account is no administrator"}
	}
	return refusedTo(failure, "make the agent")
}

// created reads a new agent back, who was a contact before or is new. A contact may be
// shown as one for some moments more.
func (d *freshdesk) created(ctx context.Context, id int64, want provision.DeskUser, contact bool) (*provision.DeskUser, error) {
	looks := promotion
	if !contact {
		looks.Looks = 1
	}
	looks.First = min(looks.First, d.client.patience.First)
	return d.agents.Created(ctx, looks, id, want, people.Made{AsItIs: true, SameEmail: people.SameText, RoleNames: d.settings.roles}, d.user)
}

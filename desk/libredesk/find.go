package libredesk

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// Find looks a user up by number, then by e-mail. Libredesk has no field for our
// external id on agents.
func (d *libredesk) Find(ctx context.Context, key desk.Key) (*provision.DeskUser, error) {
	a, err := desk.FindBy(ctx, key, d.read, nil, d.byEmail)
	if a == nil || err != nil {
		return nil, err
	}
	return d.user(a), nil
}

// read returns the user with a number, whole. An unknown number is NotFound.
func (d *libredesk) read(ctx context.Context, id provision.DeskUserID) (*agent, error) {
	if !kit.IsNumber(id) {
		return nil, desk.Errorf(desk.NotFound, "Libredesk has no user %q: its ids are numbers", id)
	}
	var a agent
	answer, err := d.client.call(ctx, http.MethodGet, "/agents/"+string(id), nil, nil, &a)
	switch {
	case err != nil && desk.KindOf(err) == desk.NotFound:
		return nil, desk.Errorf(desk.NotFound, "Libredesk has no user %s", id)
	case err != nil:
		return nil, err
	case a.id() != id:
		return nil, desk.Errorf(desk.Retryable, "Libredesk answered a question about user %s with another record", id)
	}
	a.readAt, _ = http.ParseTime(answer.Header.Get("Date"))
	return &a, a.complete()
}

// byEmail returns the user with an e-mail address; nil when there is none.
func (d *libredesk) byEmail(ctx context.Context, email string) (*agent, error) {
	for _, list := range []func(context.Context) ([]agent, error){d.people.List, d.people.Reread} {
		hit, err := d.holder(ctx, email, list)
		if err == nil && hit != nil {
			hit, err = d.read(ctx, hit.id())
		}
		switch {
		case err != nil && desk.KindOf(err) != desk.NotFound:
			return nil, err
		case err == nil && hit != nil && sameText(hit.Email, email):
			return hit, nil
		}
	}
	return nil, nil
}

// holder returns who has an e-mail address on a list; nil when nobody has. Two
// are one too many to choose from.
func (d *libredesk) holder(ctx context.Context, email string, list func(context.Context) ([]agent, error)) (*agent, error) {
	if !strings.Contains(email, "@") {
		return nil, nil
	}
	all, err := list(ctx)
	if err != nil {
		return nil, err
	}
	hits := slices.DeleteFunc(slices.Clone(all), func(a agent) bool { return !sameText(a.Email, email) })
	switch len(hits) {
	case 0:
		return nil, nil
	case 1:
		return &hits[0], nil
	}
	var ids []string
	for _, a := range hits {
		ids = append(ids, string(a.id()))
	}
	slices.Sort(ids)
	return nil, vendor.Several(ids, "have the same e-mail address", "Admin > Teammates > Agents")
}

// listAgents reads who there is, disabled ones included, without Libredesk's own
// account and without assistants that are programs.
func listAgents(ctx context.Context, c *client) ([]agent, error) {
	all, err := list[agent](ctx, c, "/agents")
	return slices.DeleteFunc(all, func(a agent) bool { return a.Type != "agent" }), err
}

package helpy

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
	"github.com/deskbridge/deskbridge/desk/kit/edit"
	"github.com/deskbridge/deskbridge/provision"
)

// SetProfile writes what differs. An empty field of want stays as it is.
func (d *helpy) SetProfile(ctx context.Context, id provision.DeskUserID, want provision.DeskUser) error {
	if err := checkEmail(want.Email); err != nil {
		return err
	}
	want = d.Fit(want)
	return d.change(ctx, id, "change the profile", func(r *record) kit.Fields {
		fields := kit.Fields{}
		if !sameText(r.Email, want.Email) {
			fields["email"] = want.Email
		}
		fields.Want("name", r.Name, want.DisplayName)
		fields.Want("title", r.Title, want.Title)
		fields.Want("work_phone", r.WorkPhone, want.Phone)
		return fields
	})
}

// SetRole changes the role. It is all that Helpy asks an API key about, so that
// the keys of a leaver end with it.
func (d *helpy) SetRole(ctx context.Context, id provision.DeskUserID, role provision.Role) error {
	to, err := word(role)
	if err != nil {
		return err
	}
	return d.change(ctx, id, "give the role "+d.roleName(role)+" to", func(r *record) kit.Fields {
		fields := kit.Fields{}
		fields.Want("role", r.Role, to)
		return fields
	})
}

// roleName returns what people see a role called.
func (d *helpy) roleName(role provision.Role) string {
	return d.Capabilities().RoleNames[cmp.Or(role, provision.RoleNone)]
}

// SetActive deactivates or reactivates a user. What it is assigned, and the
// groups it is in, stay. Who is deactivated cannot sign in, and is signed out at the
// next click.
func (d *helpy) SetActive(ctx context.Context, id provision.DeskUserID, active bool) error {
	return d.change(ctx, id, map[bool]string{false: "deactivate", true: "reactivate"}[active], func(r *record) kit.Fields {
		fields := kit.Fields{}
		fields.Want("active", fmt.Sprint(r.Active), fmt.Sprint(active))
		return fields
	})
}

// change writes the fields in which a user is not as desired, and reads back
// whether it is. Helpy's PATCH writes all fields: those that stay are sent as they
// were read a moment before. It demands a password as well, and takes null, which
// keeps the one that the person has.
func (d *helpy) change(ctx context.Context, id provision.DeskUserID, what string, differs func(*record) kit.Fields) error {
	what += " user " + string(id)
	return edit.Bring(ctx, id, d.users.whole, func(w *whole) kit.Fields { return differs(&w.record) }, func(ctx context.Context, before *whole, fields kit.Fields) error {
		if err := notSystem(&before.record); err != nil {
			return err
		}
		if unseen := before.unseen(); len(unseen) > 0 {
			return tooOld(unseen)
		}
		a, err := d.client.Do(ctx, kit.Call{Method: http.MethodPatch, Path: before.path(), Body: before.with(fields), Want: http.StatusOK}, nil)
		switch {
		case errors.Is(err, errMalformed) && strings.Contains(reason(a), "password"):
			return desk.Unsupported(what, "this Helpy lets nobody change a user without giving it a new password, which Deskbridge does not do; "+what+" at Users > (user "+string(id)+") > Edit User")
		case err != nil && fields["email"] != "":
			return d.taken(ctx, err, &before.record, fields["email"])
		}
		return err
	}, func(*whole, kit.Fields) error { return disobeyed(what) })
}

// with returns what is sent to change some fields. A role that Helpy does not know,
// as of an invitation without one, it would refuse: the weakest takes its place.
func (w *whole) with(fields kit.Fields) map[string]any {
	body := map[string]any{"password": nil}
	for _, name := range written {
		body[name] = w.fields[name]
	}
	if words[w.role()] != w.Role {
		body["role"] = words[provision.RoleNone]
	}
	for name, value := range fields {
		body[name] = value
	}
	if active := fields["active"]; active != "" {
		body["active"] = json.RawMessage(active)
	}
	return body
}

// notSystem refuses to touch Helpy's own user.
func notSystem(r *record) error {
	if r.ID == systemUser {
		return desk.Errorf(desk.Permanent, "user %d is Helpy's own, in whose name it writes notes, and is left alone; give the person another e-mail address, or that user", systemUser)
	}
	return nil
}

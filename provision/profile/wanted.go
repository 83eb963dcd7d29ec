package profile

import (
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/keeping"
)

// Fit returns a user as a desk would keep it; see desk.Desk.
type Fit func(provision.DeskUser) provision.DeskUser

// Of returns what a desk is to show of the person behind an account who is granted
// access, by what the identity provider says, whoever keeps it.
func Of(a *provision.Account, access provision.Access) provision.DeskUser {
	p := a.Profile
	return provision.DeskUser{
		ID: a.DeskUser, ExternalID: string(a.ID), Email: p.Email,
		DisplayName: p.DisplayName, GivenName: p.GivenName, FamilyName: p.FamilyName,
		Title: p.Title, Phone: p.Phone, Timezone: p.Timezone,
		Active: access.Status == provision.AccessActive, Role: access.Role, Teams: access.Teams, Mailboxes: access.Mailboxes, DeskRoles: access.DeskRoles,
	}
}

// Wanted returns what a desk should show of somebody. said is all that is said of them,
// in the desk's own spelling; have is the user as the desk shows it now, or nil when one
// is to be made. A field that is empty stays as it is on the desk, and is no difference:
// one that is left to the person, and one that is set once and that the desk has.
func Wanted(p keeping.Policy, said provision.DeskUser, have *provision.DeskUser) provision.DeskUser {
	for _, f := range keeping.Fields {
		if !sends(p.Of(f), f, have) {
			for _, text := range texts(&said, f) {
				*text = ""
			}
		}
	}
	return said
}

// sends reports whether a desk is sent a field by who keeps it. Whoever is made has a
// name: most desks demand one, and others make one up of the address.
func sends(k keeping.Keep, f keeping.Field, have *provision.DeskUser) bool {
	switch {
	case k == keeping.InStep:
		return true
	case have == nil:
		return k == keeping.Once || f == keeping.Name
	}
	return k == keeping.Once && !Has(have, f)
}

// Written returns what a connector is given to change the profile of have with. Connectors
// bring what they are given into the desk's spelling themselves, and some make up a name
// where none is said: those are given the one that the desk shows.
func Written(p keeping.Policy, fit Fit, said provision.DeskUser, have *provision.DeskUser) provision.DeskUser {
	want := Wanted(p, fit(said), have)
	if have == nil || Has(&want, keeping.Name) {
		return want
	}
	if made := fit(want); Has(&made, keeping.Name) {
		want.GivenName, want.FamilyName, want.DisplayName = have.GivenName, have.FamilyName, have.DisplayName
	}
	return want
}

// texts are what a field stands for.
func texts(u *provision.DeskUser, f keeping.Field) []*string {
	switch f {
	case keeping.Name:
		return []*string{&u.GivenName, &u.FamilyName, &u.DisplayName}
	case keeping.Title:
		return []*string{&u.Title}
	case keeping.Phone:
		return []*string{&u.Phone}
	case keeping.Timezone:
		return []*string{&u.Timezone}
	}
	return nil
}

// Has reports whether a user shows anything of a field.
func Has(u *provision.DeskUser, f keeping.Field) bool {
	for _, text := range texts(u, f) {
		if *text != "" {
			return true
		}
	}
	return false
}

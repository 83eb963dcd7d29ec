package builtin_test

import (
	"testing"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/desk/desktest"
	"github.com/deskbridge/deskbridge/provision"
)

// support is a desk as an admin writes it down.
var support = provision.Desk{ID: "0198c0de-0000-7000-8000-000000000001", Name: "support", Kind: builtin.Kind}

// connect opens a desk with the teams Support and Billing and mailboxes of
// the same names, in this order.
func connect(t *testing.T, desks *builtin.Desks, conf provision.Desk) desk.Desk {
	t.Helper()
	d, err := desks.Connector(conf)
	if err != nil {
		t.Fatal(err)
	}
	if err := desks.Open(t.Context(), conf); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Support", "Billing"} {
		if _, err := desks.AddTeam(t.Context(), conf.ID, name); err != nil {
			t.Fatal(err)
		}
		if _, err := desks.AddMailbox(t.Context(), conf.ID, name, "help@example.test"); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func TestConnector(t *testing.T) {
	eachDatabase(t, func(t *testing.T, desks *builtin.Desks) {
		desktest.Run(t, harness(t, desks))
	})
}

func harness(t *testing.T, desks *builtin.Desks) desktest.Harness {
	t.Helper()
	d := connect(t, desks, support)
	return desktest.Harness{
		Desk: func(t *testing.T) desk.Desk {
			fresh, err := desks.Connector(support)
			if err != nil {
				t.Fatal(err)
			}
			return fresh
		},
		Teams:     [2]string{"Support", "Billing"},
		Mailboxes: [2]string{"Support", "Billing"},
		MakeUser: func(t *testing.T, name, email string) provision.DeskUserID {
			made, err := d.Create(t.Context(), provision.DeskUser{DisplayName: name, Email: email, Active: true, Role: provision.RoleAgent})
			if err != nil {
				t.Fatal(err)
			}
			return made.ID
		},
		Converse: func(t *testing.T, assignee provision.DeskUserID, n int) []string {
			var ids []string
			for range n {
				id, err := desks.AddConversation(t.Context(), support.ID, builtin.NewConversation{
					Mailbox: "Support", Subject: "Where is my parcel?", Customer: builtin.Customer{Email: "customer@example.test"},
					Assignee: desk.Assignee{User: assignee}})
				if err != nil {
					t.Fatal(err)
				}
				ids = append(ids, id)
			}
			return ids
		},
		Read:      desks.ReadUser(support.ID),
		Assignee:  desks.ReadAssignee(support.ID),
		Elsewhere: "Billing",
		Move:      desks.MoveConversation(support.ID, "Billing"),
	}
}

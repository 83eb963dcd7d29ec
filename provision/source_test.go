package provision_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/deskbridge/deskbridge/provision"
)

// derivedNames are the names that no identity provider writes, in spellings
// that a rule or a client may use.
var derivedNames = []string{
	provision.AttributeJIT, "JIT", "Jit", provision.AttributeGroups, "SignIn.Groups",
	provision.AttributeDesk, provision.AttributeDeskRole, provision.AttributeDeskTeams, provision.AttributeDeskMailboxes, "DESK.ROLE",
}

// TestAttributesNeverPassForWhatWeDerive gives people any attributes under the
// names that we derive ourselves: for no rule, and from no source, do they make
// a difference.
func TestAttributesNeverPassForWhatWeDerive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SampledFrom(derivedNames)
		values := rapid.SliceOfN(rapid.SampledFrom([]string{"true", "admin", "agent", "Admins", "A"}), 0, 3)
		person := provision.Identity{Connection: "acme", Status: provision.StatusActive,
			Source:        rapid.SampledFrom([]provision.Source{"", provision.SourceSCIM, provision.SourceSignIn}).Draw(t, "source"),
			ClaimedGroups: values.Draw(t, "claimed"),
			Requested:     provision.Requested{Roles: values.Draw(t, "roles"), Teams: values.Draw(t, "teams"), Mailboxes: values.Draw(t, "mailboxes")},
		}
		rules := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) provision.Rule {
			return provision.Rule{ID: provision.RuleID(rapid.StringMatching(`r[0-9]`).Draw(t, "id")), Connection: "acme", Desk: "d",
				Attribute: names.Draw(t, "attribute"), Equals: rapid.SampledFrom([]string{"", "true", "Admins"}).Draw(t, "equals"),
				Role: rapid.SampledFrom(provision.Roles).Draw(t, "role"), Teams: []string{"A"}}
		}), 1, 5).Draw(t, "rules")
		without := provision.Evaluate(rules, person, nil, "d", time.Now())
		person.Attributes = provision.Attributes{}
		for range rapid.IntRange(1, 6).Draw(t, "attributes") {
			name := names.Draw(t, "name")
			person.Attributes[name] = values.Draw(t, "values")
			person.Attributes[provision.Fold(name)] = values.Draw(t, "values")
		}
		with := provision.Evaluate(rules, person, nil, "d", time.Now())
		if !with.Same(without) || len(with.Grants) != len(without.Grants) {
			t.Fatalf("attributes %v change the access from %+v to %+v", person.Attributes, without, with)
		}
	})
}

func TestValues(t *testing.T) {
	attributes := provision.Attributes{"jit": {"x"}, "desk": {"x"}, "desk.role": {"x"}, "desk.teams": {"x"}, "desk.mailboxes": {"x"}, "signin.groups": {"x"}, "department": {"Support"}}
	signedIn := provision.Identity{Source: provision.SourceSignIn, ClaimedGroups: []string{"Agents"}, Attributes: attributes}
	pushed := provision.Identity{Source: provision.SourceSCIM, ClaimedGroups: []string{"left behind"}, Attributes: attributes,
		Requested: provision.Requested{Roles: []string{"agent"}, Teams: []string{"A", "B"}, Mailboxes: []string{"Help"}}}
	for _, tt := range []struct {
		name, attribute string
		person          provision.Identity
		want            []string
	}{
		{"who signed in first is marked so", "jit", signedIn, []string{"true"}},
		{"in any letter case", "JIT", signedIn, []string{"true"}},
		{"who is pushed is not", "jit", pushed, nil},
		{"nor is anybody without a source", "jit", provision.Identity{Attributes: attributes}, nil},
		{"the groups that a sign-in named", "signin.groups", signedIn, []string{"Agents"}},
		{"count for nobody who is pushed", "signin.groups", pushed, nil},
		{"what the desk extension asks for", "desk.role", pushed, []string{"agent"}},
		{"its teams", "Desk.Teams", pushed, []string{"A", "B"}},
		{"its mailboxes", "desk.mailboxes", pushed, []string{"Help"}},
		{"which nobody asks for at a sign-in", "desk.role", signedIn, nil},
		{"desk is no attribute", "desk", pushed, nil},
		{"everything else is what the source says", "Department", pushed, []string{"Support"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.person.Values(tt.attribute); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

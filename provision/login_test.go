package provision

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLostLogins(t *testing.T) {
	lee := Identity{UserName: "a.lee@x.test", ExternalID: "oid-a", Profile: Profile{Email: "a.lee@x.test"}, Emails: []Email{{Value: "lee@x.test"}}}
	logins := []LoginKey{
		{Subject: "A.Lee@x.test", FoundBy: FoundByExternalID},
		{Subject: "a.lee@x.test\nidp\nsp"},
		{Subject: "lee@x.test", FoundBy: FoundByCreation},
		{Subject: "opaque-1", FoundBy: FoundByExternalID},
		{Subject: "opaque-2", FoundBy: FoundByUserName},
		{Subject: "opaque-3", FoundBy: FoundByEmail},
		{Subject: "opaque-4", FoundBy: FoundByCreation},
		{Subject: "opaque-5"},
	}
	for _, tt := range []struct {
		name   string
		change func(id *Identity)
		want   []string
	}{
		{"nothing", func(*Identity) {}, nil},
		{"letter case", func(id *Identity) { id.UserName, id.Profile.Email = "A.LEE@x.test", "A.Lee@X.test" }, nil},
		{"a title", func(id *Identity) { id.Profile.Title = "Lead" }, nil},
		{"one more address", func(id *Identity) { id.Emails = append([]Email{{Value: "new@x.test"}}, id.Emails...) }, nil},
		{"the userName, which stays an address", func(id *Identity) { id.UserName = "lee" }, nil},
		{"the address, which stays the userName", func(id *Identity) { id.Profile.Email = "new@x.test" }, nil},
		{"userName and address", func(id *Identity) { id.UserName, id.Profile.Email = "b@x.test", "b@x.test" },
			[]string{"A.Lee@x.test", "a.lee@x.test\nidp\nsp", "opaque-2", "opaque-3"}},
		{"another address", func(id *Identity) { id.Emails = nil }, []string{"lee@x.test", "opaque-3"}},
		{"the externalId", func(id *Identity) { id.ExternalID = "oid-b" }, []string{"A.Lee@x.test", "opaque-1"}},
		{"a name that looks the same", func(id *Identity) { id.UserName = "\u0430.lee@x.test" }, nil},
		{"both for ones that look the same", func(id *Identity) { id.UserName, id.Profile.Email = "\u0430.lee@x.test", "\u0430.lee@x.test" },
			[]string{"A.Lee@x.test", "a.lee@x.test\nidp\nsp", "opaque-2", "opaque-3"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now := lee
			tt.change(&now)
			var got []string
			for _, l := range LostLogins(&lee, &now, logins) {
				got = append(got, l.Subject)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("lost (-want +got):\n%s", diff)
			}
			if len(got) > 0 && !LosesNames(&lee, &now) {
				t.Error("LosesNames says that there is nothing to lose")
			}
		})
	}
}

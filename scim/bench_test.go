package scim

import (
	"strconv"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/scim/resource"
)

func BenchmarkParseQuery(b *testing.B) {
	for name, filter := range map[string]string{
		"userName":  `userName eq "ada.nilsen@example.test"`,
		"workEmail": `emails[type eq "work"].value eq "ada.nilsen@example.test"`,
		"longest":   strings.TrimSuffix(strings.Repeat(`id eq "x" or `, 315), " or "),
	} {
		b.Run(name, func(b *testing.B) {
			limits := Limits{}.withDefaults()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := resource.User.ParseFilter(filter, limits.filter()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPatchUser(b *testing.B) {
	for _, n := range []int{1, 10, 1000} {
		b.Run("operations="+strconv.Itoa(n), func(b *testing.B) {
			ops := strings.TrimSuffix(strings.Repeat(`{"op":"Replace","path":"emails[type eq \"work\"].value","value":"b@x"},`, n), ",")
			b.ReportAllocs()
			for b.Loop() {
				if _, err := patched(b, `{"userName":"ada","emails":[{"type":"work","value":"a@x"}]}`, ops); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

package filter_test

import (
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/scim/resource"
)

func BenchmarkParse(b *testing.B) {
	for name, filter := range map[string]string{
		"userName":  `userName eq "ada.nilsen@example.test"`,
		"workEmail": `emails[type eq "work"].value eq "ada.nilsen@example.test"`,
		"longest":   strings.TrimSuffix(strings.Repeat(`id eq "x" or `, 315), " or "),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := resource.User.ParseFilter(filter, limits); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Package servicetest says which tests may use services: a PostgreSQL, a help
// desk, an identity provider, a browser. It knows none of them.
//
// Built with the tag "services", as make test does, a test whose service is
// missing fails. Built without it, as a plain go test does, the test is left
// out, and says so.
package servicetest

import (
	"os"
	"testing"
)

// Need ends the test unless it may use services, and fails it when one of the
// environment variables that tell where they are is not set.
func Need(t testing.TB, variables ...string) {
	t.Helper()
	if !Wanted {
		t.Skip("needs services: run make test, or start them and use go test -tags services")
	}
	for _, name := range variables {
		if os.Getenv(name) == "" {
			t.Fatalf("%s is not set: run make test, which starts what the tests need", name)
		}
	}
}

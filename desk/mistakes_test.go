package desk_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

func TestMistakes(t *testing.T) {
	var m desk.Mistakes
	if !m.Flag("settings.on", "true") || m.Flag("settings.off", "false") || m.Err() != nil {
		t.Errorf("true and false are a mistake: %v", m.Err())
	}
	if m.Flag("settings.quiet", "yes") || !m.Has("settings.quiet") || m.Has("settings.on") {
		t.Errorf("yes is not a mistake: %v", m.Err())
	}
	m.Add("url", "use %d%%", 100)
	want := &provision.Error{Code: provision.Invalid, Field: "settings.quiet, url", Detail: "settings.quiet: give true or false; url: use 100%"}
	got, _ := errors.AsType[*provision.Error](m.Err())
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Err (-want +got):\n%s", diff)
	}
}

package kit

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
)

func TestReadSettings(t *testing.T) {
	for _, tt := range []struct {
		name string
		all  map[string]string
		want [3]any // group, field, quiet
		err  string
	}{
		{"nothing keeps the defaults", nil, [3]any{"Agents", "", false}, ""},
		{"space around a value does not count", map[string]string{"group": " Leads ", "field": " x", "quiet": " true"}, [3]any{"Leads", "x", true}, ""},
		{"an empty value is one", map[string]string{"field": ""}, [3]any{"Agents", "", false}, ""},
		{"all mistakes, in order of key", map[string]string{"quiet": "yes", "group": " ", "colour": "red"}, [3]any{"", "", false},
			"settings.colour: unknown setting; use group, field or quiet; settings.group: give a name of 100 %; settings.quiet: give true or false"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			group, field, quiet := "Agents", "", false
			var wrong desk.Mistakes
			ReadSettings(tt.all, []Setting{
				{Key: "group", Text: &group, Check: NotEmpty, Hint: "give a name of 100 %"},
				{Key: "field", Text: &field},
				{Key: "quiet", Flag: &quiet},
			}, &wrong)
			if diff := cmp.Diff(tt.want, [3]any{group, field, quiet}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			err := wrong.Err()
			if (err == nil) != (tt.err == "") || err != nil && !strings.HasSuffix(err.Error(), tt.err) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
		})
	}
}

func TestOnlySetting(t *testing.T) {
	var wrong desk.Mistakes
	var quiet bool
	ReadSettings(map[string]string{"loud": "true"}, []Setting{{Key: "quiet", Flag: &quiet}}, &wrong)
	if err := wrong.Err(); err == nil || !strings.HasSuffix(err.Error(), "settings.loud: unknown setting; use quiet") {
		t.Errorf("error %v", err)
	}
}

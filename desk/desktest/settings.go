package desktest

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// Password stands in settings for a secret: no error may repeat it.
const Password = "hunter2"

// Settings are a desk's settings as an admin writes them, and the fields at
// fault; none: they work.
type Settings struct {
	Name, URL, Secret string
	Settings          map[string]string
	Mistakes          []string
}

// RunSettings makes a connector with each of the settings. New has to name all
// mistakes at once, each with its field, and repeat no secret.
func RunSettings(t *testing.T, open func(provision.Desk) (desk.Desk, error), list []Settings) {
	for _, tt := range list {
		t.Run(tt.Name, func(t *testing.T) {
			d, err := open(provision.Desk{URL: tt.URL, Secret: tt.Secret, Settings: tt.Settings})
			if (d != nil) != (len(tt.Mistakes) == 0) {
				t.Errorf("New = %v, %v", d, err)
			}
			var fields []string
			if e, ok := errors.AsType[*provision.Error](err); ok {
				fields = strings.Split(e.Field, ", ")
				for _, field := range fields {
					if !strings.Contains(e.Detail, field+": ") {
						t.Errorf("the detail says nothing of %s: %s", field, e.Detail)
					}
				}
				if strings.Contains(e.Error(), Password) {
					t.Errorf("the error holds a secret: %v", e)
				}
			}
			if diff := cmp.Diff(tt.Mistakes, fields); diff != "" {
				t.Errorf("fields at fault (-want +got):\n%s", diff)
			}
		})
	}
}

package command

import (
	"os"
	"strings"
	"testing"
)

// TestReadSecret: a secret is read whole or not at all.
func TestReadSecret(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"good": " hunter2\n", "empty": "\n", "long": strings.Repeat("x", maxSecret+1), "longest": strings.Repeat("x", maxSecret)} {
		if err := os.WriteFile(dir+"/"+name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ path, want, problem string }{
		{dir + "/good", "hunter2", ""},
		{dir + "/longest", strings.Repeat("x", maxSecret), ""},
		{dir + "/long", "", "more than 65536 bytes"},
		{dir + "/empty", "", "there is nothing in " + dir + "/empty"},
		{dir + "/none", "", "no such file"},
		{"-", "typed", ""},
	} {
		a := &App{Stdin: strings.NewReader("typed\n")}
		got, err := a.ReadSecret(tt.path)
		if got != tt.want || (err == nil) != (tt.problem == "") {
			t.Errorf("%s: %d bytes, %v", tt.path, len(got), err)
		}
		if err != nil && (!strings.Contains(err.Error(), tt.problem) || !IsMisuse(err)) {
			t.Errorf("%s: %v, want %q and a misuse", tt.path, err, tt.problem)
		}
	}
}

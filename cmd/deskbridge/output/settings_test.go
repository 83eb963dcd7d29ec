package output_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
)

func TestSettingsHideSecrets(t *testing.T) {
	got, err := output.Settings(map[string]any{"secret": "hunter2", "list": []any{map[string]any{"client_secret": "hunter2", "id": "x"}},
		"oidc": map[string]any{"client_secret": "hunter2", "issuer": "https://idp.test", "scopes": []string{"a", "b"}}, "metadata": strings.Repeat("x\n", 99)})
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := output.PrintSettings(&text, got); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{text.String(), string(raw)} {
		if strings.Contains(out, "hunter2") || strings.Count(out, "(set)") != 3 {
			t.Errorf("secrets are shown, or not told of: %s", out)
		}
	}
	for _, want := range []string{"oidc.issuer", "https://idp.test", "oidc.scopes", "a, b", "list[0].id", "(198 bytes; --json shows them)"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
}

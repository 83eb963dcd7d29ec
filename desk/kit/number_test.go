package kit

import (
	"encoding/json"
	"testing"
)

func TestScalar(t *testing.T) {
	for text, want := range map[string]Scalar{`"7"`: "7", `7`: "7", `0.0`: "0", `null`: "", `"a b"`: "a b"} {
		var got Scalar
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{`{}`, `[]`, `true`, `false`} {
		if err := json.Unmarshal([]byte(text), new(Scalar)); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
}

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

func TestNumberOfScalar(t *testing.T) {
	for s, want := range map[Scalar]int64{"7": 7, "0": 0, "": -1, "Nobody": -1, "1e3": -1, "9223372036854775808": -1} {
		if got := s.Number(); got != want {
			t.Errorf("%q is %d, want %d", s, got, want)
		}
	}
}

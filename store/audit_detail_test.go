package store_test

import (
	"encoding/json"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestDetailsAreSorted: what an entry holds is stored, and hashed, as anybody
// writes it who has read it: with sorted keys, however it was put together.
func TestDetailsAreSorted(t *testing.T) {
	type change struct {
		Name   string   `json:"name"`
		Action string   `json:"action"`
		Fields []string `json:"fields"`
	}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		c, _ := seeded(t, s)
		must(t, s.Append(t.Context(), provision.Entry{At: noon, Connection: c.ID, Action: "test.done", Subject: "x",
			Detail: map[string]any{"b": []change{{"n", "a", []string{"z", "y"}}}, "a": map[string]any{"d": &change{Name: "m"}, "c": 1}}}))
		must(t, s.Append(t.Context(), provision.Entry{At: noon, Connection: c.ID, Action: "test.done", Subject: "y",
			Detail: map[string]any{"raw": json.RawMessage(`{"z":1, "y":[{"b":1e400,"a":"\u0000"}]}`), "names": change{Name: "a\x00b"}, "none": nil}}))
		var text string
		must(t, s.DB().QueryRowContext(t.Context(), `SELECT detail FROM audit WHERE subject = 'y'`).Scan(&text))
		equal(t, "detail that writes itself", `{"names":{"action":"","fields":null,"name":"a\u0000b"},"none":null,"raw":{"y":[{"a":"\u0000","b":1e400}],"z":1}}`, text)
		must(t, s.DB().QueryRowContext(t.Context(), `SELECT detail FROM audit WHERE subject = 'x'`).Scan(&text))
		equal(t, "detail", `{"a":{"c":1,"d":{"action":"","fields":null,"name":"m"}},"b":[{"action":"a","fields":["z","y"],"name":"n"}]}`, text)
	})
}

package settings_test

import (
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/settings"
)

func TestKeys(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		n := 0
		anyKey := func() ([]byte, []byte, error) { return []byte("k"), []byte("c"), nil }
		if only, err := h.Core.Settings.RotateKey(h.Context(), provisiontest.ByTest, settings.KeyOIDC, time.Hour, anyKey); err != nil || only.ActiveAt.After(h.Core.Now()) {
			t.Errorf("where no key was before, the first signs from %v: %v", only.ActiveAt, err)
		}
		makeKey := func() ([]byte, []byte, error) { n++; return []byte{byte(n)}, []byte{byte(n)}, nil }
		first, err := h.Core.Settings.Keys(h.Context(), settings.KeySAML, makeKey)
		h.Must(err)
		again, err := h.Core.Settings.Keys(h.Context(), settings.KeySAML, makeKey)
		h.Must(err)
		if n != 1 || len(again) != 1 || again[0].ID != first[0].ID || string(again[0].Private) != "\x01" {
			t.Errorf("second call: %d keys made, %+v", n, again)
		}
		next, err := h.Core.Settings.RotateKey(h.Context(), provisiontest.ByTest, settings.KeySAML, time.Hour, makeKey)
		h.Must(err)
		signs := func() provision.KeyID {
			keys, err := h.Core.Settings.Keys(h.Context(), settings.KeySAML, makeKey)
			h.Must(err)
			return keys[0].ID
		}
		if signs() != first[0].ID {
			t.Error("the new key signs before its time")
		}
		h.Code(h.Core.Settings.RetireKey(h.Context(), provisiontest.ByTest, settings.KeySAML, first[0].ID), provision.Denied)
		h.Offset.Add(int64(61 * time.Minute))
		if signs() != next.ID {
			t.Error("the new key does not sign when its time has come")
		}
		h.Must(h.Core.Settings.RetireKey(h.Context(), provisiontest.ByTest, settings.KeySAML, first[0].ID))
		h.Code(h.Core.Settings.RetireKey(h.Context(), provisiontest.ByTest, settings.KeySAML, next.ID), provision.Denied)
	})
}

// TestFirstKeySignsAtOnce: where keys wait for their time and none signs, a new one
// does at once.
func TestFirstKeySignsAtOnce(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		anyKey := func() ([]byte, []byte, error) { return []byte("k"), []byte("c"), nil }
		h.Must(h.Store.SaveKey(h.Context(), settings.Key{ID: provision.NewID[provision.KeyID](), Use: settings.KeySAML, Private: []byte("k"), Certificate: []byte("c"),
			CreatedAt: h.Core.Now(), ActiveAt: h.Core.Now().Add(time.Hour)}))
		next, err := h.Core.Settings.RotateKey(h.Context(), provisiontest.ByTest, settings.KeySAML, 2*time.Hour, anyKey)
		h.Must(err)
		keys, err := h.Core.Settings.CurrentKeys(h.Context(), settings.KeySAML)
		h.Must(err)
		if next.ActiveAt.After(h.Core.Now()) || keys[0].ID != next.ID {
			t.Errorf("the new key signs from %v; first of all is %s", next.ActiveAt, keys[0].ID)
		}
		later, err := h.Core.Settings.RotateKey(h.Context(), provisiontest.ByTest, settings.KeySAML, 2*time.Hour, anyKey)
		h.Must(err)
		if !later.ActiveAt.After(h.Core.Now()) {
			t.Error("beside a key that signs, the next one signs at once")
		}
	})
}

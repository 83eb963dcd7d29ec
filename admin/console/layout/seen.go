package layout

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
)

// Seen returns what stands for something in a form about it: the same as long as it
// has not changed.
func Seen(what any) (string, error) {
	text, err := json.Marshal(what)
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:12]), err
}

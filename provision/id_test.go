package provision

import (
	"encoding/hex"
	"testing"
)

// TestHashSecret holds what databases are full of: another hash, and nobody's
// token or cookie is good any more. The example is that of FIPS 180-2, B.1.
func TestHashSecret(t *testing.T) {
	const want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	if got := hex.EncodeToString(HashSecret("abc")); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

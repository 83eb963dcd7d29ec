package audit

// SealHash returns the hash of an entry that carries a seal of its own.
func SealHash(l Line, previous []byte) []byte { return l.sealHash(previous) }

// MaxMissing is maxMissing.
const MaxMissing = maxMissing

package fetch

import "io"

// body is an answer that may be MaxBytes long. Reading past that is an error:
// a document that was cut off could pass for a whole one.
type body struct {
	io.ReadCloser
	host string
	left int64
}

// Read implements [io.Reader].
func (b *body) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, tooLarge(b.host)
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1] // the byte that is too many tells the end from the limit
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return n - 1, tooLarge(b.host)
	}
	return n, err
}

func tooLarge(host string) error {
	return errorf(TooLarge, host, "the answer is longer than %d bytes; is this the right address?", MaxBytes)
}

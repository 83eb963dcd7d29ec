package desk

// As returns a desk as an optional part of the contract, such as [Counter]; false where it
// is none. A desk that stands before another one, and says so by a method Behind, has the
// parts that both have: Go knows no type that has some methods at one time.
func As[Part any](d Desk) (part Part, ok bool) {
	part, ok = d.(Part)
	if before, fronts := d.(interface{ Behind() Desk }); ok && fronts {
		_, ok = As[Part](before.Behind())
	}
	return part, ok
}

// Package people is what connectors do alike about the users of a desk: look one up among
// those that a list or a search shows ([Book]), compare a new one with who was asked for
// ([Made]), find who carries our external id where a desk cannot be asked ([Marks]), and say of addresses, names and roles what each of them says.
//
// It knows no vendor, and nothing of how a desk is asked: a connector reads its records, and
// says what they mean.
package people

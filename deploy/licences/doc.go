// Command licences prints the licences of the modules that a package is built
// from, each with its text, and refuses a licence that it does not know. A
// release and the image carry what it prints.
//
//	go run ./deploy/licences -arch arm64 ./cmd/deskbridge > THIRD-PARTY-LICENSES
//
// It decides by the words of the licence in each module's own folder, and knows
// nothing of Deskbridge.
package main

// Package profile decides what a desk is sent of a person's profile, by who keeps each
// field there ([keeping.Policy]), and tells what became of each ([Told]).
//
// What a desk keeps of a text, and how, is its connector's to say; the package is given
// that as a function, and knows neither HTTP nor SQL nor any vendor.
package profile

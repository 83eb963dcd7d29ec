// Package keeping is who keeps what a desk shows of a person, field by field, as an
// admin says it ([Policy]): Deskbridge always, Deskbridge once, or the person.
//
// It decides whether such words can stand. It knows neither desks nor people; what
// follows for a desk user is said in package profile.
package keeping

// Package administration decides who may do what in the console and by the admin
// API: which [Role] the people of a group have ([Grant]), and which one a bearer
// token of the admin API has ([Token]).
//
// Nobody has a role of their own. It comes of a group that the identity provider
// keeps, and is looked up at each request: whoever is suspended, removed or taken
// out of the group has none from that transaction on, and neither have the tokens
// that they made. What a role may do, package admin says.
package administration

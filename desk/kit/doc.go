// Package kit is what connectors to help desks write alike.
//
// [Client] sends JSON over HTTP as a good guest does: few requests at once, an
// end to each of them, answers of a bounded size, credentials that go to the
// configured address and nowhere else, and errors that hold no address of
// anybody. A read that broke on the way is repeated; a write never is, because
// one whose answer is lost must be looked at first.
//
// Around it: one thing by its number ([One]), what a desk is asked for once in a while ([Cached],
// [Snapshot], [Catalogue]), what is to be written and whether it was ([Fields],
// [Difference], [ReadBack]), how long it is waited for what a desk does later
// ([Patience]), groups in which tickets are ([Groups], [GroupTeams], [Target]), whether the pages of a
// list are all of it ([Pages]), lists by cursors ([CursorList]) and in HAL ([ReadHAL]), text, names and numbers as
// desks keep them ([OneLine], [CutRunes], [BothNames], [E164]), ids that are numbers ([IsNumber]), and settings
// from a table of keys ([ReadSettings], [API]).
//
// What is alike about users is in the room people, about conversations in handover, about changes
// in edit, about lists in listing, about what teams open in opened, about the names of roles and teams in named, about
// who is in which team in roster; oauth gets access tokens, quota keeps to a rate limit, scimclient speaks SCIM.
//
// The package knows no vendor and no identities: a connector brings the paths,
// the headers with its credentials, a [Vendor] for administrators to read
// about, and what its desk's own refusals mean.
package kit

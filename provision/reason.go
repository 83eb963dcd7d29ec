package provision

// ReasonCode says in one word why an account is not as it should be: what
// programs go by, where people read [Account].Reason.
type ReasonCode string

// The reason codes. Those of accounts that need attention, then those of
// accounts that wait, then that of accounts on hold.
const (
	ReasonNone ReasonCode = "" // nothing is in the way

	ReasonSeat         ReasonCode = "seat"          // the desk has no free seat; whoever frees one has the account reconciled
	ReasonAdoption     ReasonCode = "adoption"      // the desk already has a user for the person, which we did not make
	ReasonOwner        ReasonCode = "owner"         // the desk user is the desk's owner
	ReasonLastAdmin    ReasonCode = "last-admin"    // the desk user is the last admin of the desk
	ReasonResidual     ReasonCode = "residual"      // access is to end, and the desk shows an active user: one that we cannot account for, or cannot end
	ReasonSelf         ReasonCode = "self"          // the desk user is our own service account
	ReasonUserTaken    ReasonCode = "user-taken"    // another person here holds the desk user
	ReasonNameTaken    ReasonCode = "name-taken"    // another person here is called so on the desk
	ReasonDomain       ReasonCode = "domain"        // the person goes by an address at a domain of another connection
	ReasonRefused      ReasonCode = "refused"       // the desk refuses a value, and will again
	ReasonConflict     ReasonCode = "conflict"      // the desk says that a value is taken there
	ReasonByHand       ReasonCode = "by-hand"       // the desk's API cannot do it; an admin has to
	ReasonPlace        ReasonCode = "place"         // the desk has no team or mailbox of a name that a rule grants; all else is as desired
	ReasonDeskUnusable ReasonCode = "desk-unusable" // the settings of the desk are mistaken
	ReasonGaveUp       ReasonCode = "gave-up"       // it failed too often

	ReasonDeskPaused   ReasonCode = "desk-paused"  // the desk is not called for now; the end of the pause has the account reconciled
	ReasonUnauthorized ReasonCode = "unauthorized" // the desk refuses our credentials; tried again
	ReasonInterrupted  ReasonCode = "interrupted"  // the run was cut short; tried again
	ReasonLate         ReasonCode = "late"         // the desk accepted a change and does not show it yet; looked at again within seconds
	ReasonHandingOver  ReasonCode = "handing-over" // a hand-over is on its way, and goes on by itself
	ReasonFailed       ReasonCode = "failed"       // the desk failed otherwise; tried again

	ReasonMassChange ReasonCode = "mass-change" // on hold by mass-change protection
	ReasonRejected   ReasonCode = "rejected"    // an admin decided that the loss is not carried out
)

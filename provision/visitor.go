package provision

// Visitor is somebody with a session, and everything that a reverse proxy asks
// of them at each request.
type Visitor struct {
	Session    Session    // without Hash, Hint, NameID and Agent
	Person     Identity   // ID, Connection, UserName, Status, Profile and Attributes
	Connection Connection // ID, Name and SignIn
	Groups     []string   // names, of those through nested groups too; sorted

	// Account is theirs on the desk that was asked for; nil when they have none
	// there, or no desk was asked for. It holds Wanted, Granted, Profile,
	// DeskUser and State.
	Account *Account
}

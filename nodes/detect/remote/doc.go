// Package remote is what detectors have in common whose model runs somewhere else and is asked over gRPC: one connection for
// all that want the same, who is trusted and who one is, how long a question may take, and why one failed, in the same words
// for each of them.
//
//	conn, err := pool.Connect(&env, remote.Channel{Endpoint: "http://models:50051"}.Completed())
//	ctx, deadline, ok, cancel := remote.Reserve(ctx)
//	err = client.Ask(ctx, question)
//	return remote.Failed(ctx, err)
//
// A connection is made when the first question goes out. The package says no go; gRPC runs goroutines for a connection from
// its first use until the last user has closed it.
package remote

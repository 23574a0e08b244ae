// FerretDB for the tests - MongoDB's wire protocol over SQLite, on this machine alone. Says its address on its output, and ends when
// its input does, so that it never outlives who started it, however that ended.
//
// ferretdb                 a free port; what it keeps goes with it
// ferretdb FOLDER PORT     the same place again, with what it kept
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	signal.Ignore(syscall.SIGPIPE) // whoever listened is gone: the end of the input says so
	folder, port := "", "0"
	if len(os.Args) == 3 {
		folder, port = os.Args[1], os.Args[2]
	} else {
		made, err := os.MkdirTemp("", "vigie-ferretdb-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(made)
		folder = made
	}
	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: "127.0.0.1:" + port},
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		Handler:   "sqlite",
		SQLiteURL: "file:" + folder + "/",
	})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		fmt.Println(server.MongoDBURI())
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	return server.Run(ctx)
}

// Command app is the sample application of the cluster tests: a small web service that fails the way
// its arguments tell it to, in a real Go program's own words.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

type order struct{ items []string }

type service struct{ last *order }

// placeOrder reads an order that nobody placed: the nil dereference of a release with a bug.
func (s *service) placeOrder() int { return len(s.last.items) }

var (
	listen    = flag.String("listen", ":8080", "address to serve on; empty serves nothing")
	crash     = flag.Duration("panic-after", 0, "dereference nil after this long")
	exit      = flag.Int("exit", -1, "exit with this code after -after")
	after     = flag.Duration("after", 0, "how long to wait before -exit or -eat")
	eat       = flag.Int("eat-mib", 0, "use this much memory after -after")
	need      = flag.String("need-env", "", "end with an error when this variable is not set")
	dial      = flag.String("dial", "", "end with an error when this address does not answer")
	hang      = flag.Duration("unhealthy-after", 0, "answer /healthz with 500 from then on")
	deaf      = flag.Bool("ignore-sigterm", false, "do not end on SIGTERM")
	migration = flag.String("migrate", "", "pretend to run this migration, and fail")
	message   = flag.String("log", "", "a line to log at start")
)

func main() {
	log.SetFlags(log.LstdFlags | log.LUTC)
	flag.Parse()
	log.Printf("starting")
	if *message != "" {
		log.Print(*message)
	}
	if *need != "" && os.Getenv(*need) == "" {
		log.Fatalf("required environment variable %s is not set", *need)
	}
	if *migration != "" {
		log.Printf("applying migration %s", *migration)
		log.Fatalf("migration %s failed: ERROR: column \"total_cents\" of relation \"orders\" already exists (SQLSTATE 42701)", *migration)
	}
	if *dial != "" {
		if _, err := net.DialTimeout("tcp", *dial, 3*time.Second); err != nil {
			log.Fatalf("cannot connect to %s: %v", *dial, err)
		}
	}
	begun := time.Now()
	if *listen != "" {
		serve(begun)
	}
	end(begun)
}

func serve(begun time.Time) {
	http.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		if *hang > 0 && time.Since(begun) > *hang {
			http.Error(w, "the worker is stuck", http.StatusInternalServerError)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	go func() { log.Fatal(http.ListenAndServe(*listen, nil)) }()
	log.Printf("listening on %s", *listen)
}

// end fails as it was told to, or waits for SIGTERM.
func end(begun time.Time) {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	switch {
	case *crash > 0:
		time.Sleep(*crash)
		log.Printf("order received")
		fmt.Println((&service{}).placeOrder())
	case *exit >= 0:
		time.Sleep(*after)
		os.Exit(*exit)
	case *eat > 0:
		time.Sleep(*after)
		consume(*eat)
	}
	for {
		<-stop
		if !*deaf {
			log.Printf("received SIGTERM after %s, shutting down", time.Since(begun).Round(time.Second))
			return
		}
		log.Printf("received SIGTERM, ignoring it")
	}
}

// consume touches every page, so that the memory is really used.
func consume(mib int) {
	var held [][]byte
	for range mib {
		page := make([]byte, 1<<20)
		for i := range page {
			page[i] = 1
		}
		held = append(held, page)
		time.Sleep(5 * time.Millisecond)
	}
	log.Printf("holding %d MiB", len(held))
	time.Sleep(time.Hour)
}

// Command registry serves a container registry from memory over plain HTTP, and fills it with one-layer
// images made of static binaries on this machine. Some paths answer with an error on purpose.
//
// Usage: registry -listen ADDR [-image NAME:TAG=FILE[,FILE…][;entrypoint] …]
package main

import (
	"archive/tar"
	"bytes"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// images collects the -image flags.
type images []string

func (i *images) String() string     { return strings.Join(*i, " ") }
func (i *images) Set(s string) error { *i = append(*i, s); return nil }

// applets are the names under which busybox is linked into an image that holds it.
var applets = []string{"sh", "ls", "cat", "sleep", "echo", "true", "false", "env", "wget", "nc", "kill"}

func main() {
	var wanted images
	listen := flag.String("listen", "127.0.0.1:5000", "address to serve on")
	flag.Var(&wanted, "image", "an image to push: NAME:TAG=FILE[,FILE…]")
	flag.Parse()

	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	quiet := registry.Logger(log.New(io.Discard, "", 0))
	go func() { log.Fatal(http.Serve(listener, refuse(registry.New(quiet)))) }()

	for _, image := range wanted {
		if err := push(*listen, image); err != nil {
			log.Fatalf("image %s: %v", image, err)
		}
	}
	fmt.Println("ready")
	select {}
}

// refuse answers repositories named status-NNN with that status, as registries under duress do.
func refuse(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var status int
		if _, after, found := strings.Cut(r.URL.Path, "/status-"); found {
			if _, err := fmt.Sscanf(after, "%d", &status); err == nil {
				http.Error(w, http.StatusText(status), status)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func push(host, image string) error {
	reference, files, found := strings.Cut(image, "=")
	if !found {
		return fmt.Errorf("expected NAME:TAG=FILE")
	}
	paths := strings.Split(files, ",")
	layer, err := layerOf(paths)
	if err != nil {
		return err
	}
	built, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return err
	}
	config := v1.Config{Entrypoint: []string{"/" + filepath.Base(paths[0])}, Env: []string{"PATH=/bin:/"}}
	if built, err = mutate.ConfigFile(built, &v1.ConfigFile{
		Architecture: "amd64", OS: "linux", Config: config, RootFS: must(built).RootFS,
	}); err != nil {
		return err
	}
	target, err := name.ParseReference(host+"/"+reference, name.Insecure)
	if err != nil {
		return err
	}
	return remote.Write(target, built)
}

func must(image v1.Image) *v1.ConfigFile {
	config, err := image.ConfigFile()
	if err != nil {
		log.Fatal(err)
	}
	return config
}

// layerOf packs the files into one layer: each at the root, busybox also under its applets' names.
func layerOf(paths []string) (v1.Layer, error) {
	var packed bytes.Buffer
	archive := tar.NewWriter(&packed)
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		base := filepath.Base(path)
		header := &tar.Header{Name: base, Mode: 0o755, Size: int64(len(content)), Typeflag: tar.TypeReg}
		if err := archive.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := archive.Write(content); err != nil {
			return nil, err
		}
		if base == "busybox" {
			for _, applet := range applets {
				link := &tar.Header{Name: "bin/" + applet, Linkname: "/busybox", Typeflag: tar.TypeSymlink}
				if err := archive.WriteHeader(link); err != nil {
					return nil, err
				}
			}
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(packed.Bytes())), nil
	})
}

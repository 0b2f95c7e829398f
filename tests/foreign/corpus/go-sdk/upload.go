// upload MODE: the corpus in Go, with aws-sdk-go-v2 and its upload manager.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

var (
	uploader *manager.Uploader
	done     atomic.Bool
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "upload:", err)
		os.Exit(3)
	}
}

func upload() {
	_, err := uploader.Upload(context.Background(), &s3.PutObjectInput{
		Bucket: aws.String("bucket"), Key: aws.String("key"), Body: bytes.NewReader(make([]byte, 20<<20))})
	check(err)
	done.Store(true)
}

func pause() {
	seconds, err := strconv.ParseFloat(os.Getenv("T_PAUSE"), 64)
	if err != nil {
		seconds = 3
	}
	time.Sleep(time.Duration(seconds * float64(time.Second)))
}

func main() {
	mode := os.Args[1]
	cfg, err := config.LoadDefaultConfig(context.Background())
	check(err)
	uploader = manager.NewUploader(s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }))
	fmt.Println("begin")
	switch mode {
	case "upload":
		upload()
	case "waitgroup":
		var all sync.WaitGroup
		all.Add(1)
		go func() { defer all.Done(); upload() }()
		all.Wait()
	case "forgotten", "exit":
		go upload()
	case "lucky":
		go upload()
		pause()
	default:
		os.Exit(2)
	}
	fmt.Println("end")
	for mode == "forgotten" && !done.Load() {
		time.Sleep(10 * time.Millisecond)
	}
}

module firsthand.test/cluster/pause

go 1.24

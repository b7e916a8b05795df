module firsthand.test/cluster/app

go 1.24

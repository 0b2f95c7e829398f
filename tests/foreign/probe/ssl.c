/* ssl: stands for OpenSSL, by the name of its function. */
int SSL_write(void *ssl, const void *bytes, int len);

int SSL_write(void *ssl, const void *bytes, int len)
{
	return ssl && bytes ? len : -1;
}

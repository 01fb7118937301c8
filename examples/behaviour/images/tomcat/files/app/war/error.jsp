<%@ page isErrorPage="true" %>failed: <%= exception.getMessage() %>

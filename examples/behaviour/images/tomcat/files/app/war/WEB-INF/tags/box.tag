<%@ tag pageEncoding="UTF-8" %><%@ attribute name="title" required="true" %><div title="${title}"><jsp:doBody/></div>
